using CharLM.Cli;

// Keep this file minimal: nothing could report an assembly that fails to load for it.
// What ends with the process needs the code, too (Ranks).
try
{
    return Environment.ExitCode = await CommandLine.RunAsync(args);
}
catch (Exception e)
{
    return Environment.ExitCode = LastWord.Say(e);
}
