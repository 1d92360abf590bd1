using CharLM.Cli;

// Nothing else stands here: what cannot be loaded for this file, nobody could tell of.
try
{
    return await CommandLine.RunAsync(args);
}
catch (Exception e)
{
    return LastWord.Say(e);
}
