namespace CharLM.Cli.Options;

/// <summary>What was given for a setting that can be absent: a value, or the word that takes back what a file says.</summary>
/// <param name="Value">Null for that word.</param>
internal readonly record struct Setting<T>(T? Value)
    where T : struct;
