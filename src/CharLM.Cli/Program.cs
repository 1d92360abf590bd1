using CharLM.Cli;

// Keep this file minimal: nothing could report an assembly that fails to load for it.
// Ranks reads Environment.ExitCode while the process ends, so it is set as well as returned.
try
{
    return Environment.ExitCode = await CommandLine.RunAsync(args);
}
catch (Exception e)
{
    return Environment.ExitCode = LastWord.Say(e);
}
