using CharLM.Cli;

// Keep this file minimal: nothing could report an assembly that fails to load for it.
try
{
    return await CommandLine.RunAsync(args);
}
catch (Exception e)
{
    return LastWord.Say(e);
}
