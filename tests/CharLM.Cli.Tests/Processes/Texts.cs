namespace CharLM.Cli.Tests.Processes;

/// <summary>Small texts, and options that train on them in a moment.</summary>
internal static class Texts
{
    /// <summary>6,000 repetitive characters: a small model learns them in five epochs.</summary>
    public static string Plain { get; } = string.Concat(
        Enumerable.Repeat("the time traveller for so it will be convenient to speak of him\nwas expounding a recondite matter to us\n", 60));

    /// <summary>Umlauts, Greek and a whale.</summary>
    public static string Unicode { get; } = string.Concat(Enumerable.Repeat("Grüße an 🐳 und Straße, λόγος.\n", 100));

    /// <summary>Options for a model of a few thousand parameters.</summary>
    public static string[] SmallModel { get; } = ["--hidden", "32", "--batch-size", "8", "--num-steps", "10"];
}
