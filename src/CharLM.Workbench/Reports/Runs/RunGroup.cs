using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Runs that hold out the same text or pairs: only their held-out figures can be ranked.</summary>
/// <param name="Name">What they hold out, as far as it differs from the other groups.</param>
/// <param name="Runs">The runs, in the report's order.</param>
internal sealed record RunGroup(string Name, IReadOnlyList<RunRecord> Runs)
{
    /// <summary>Groups runs, in the order of each group's first.</summary>
    public static IReadOnlyList<RunGroup> Of(IReadOnlyList<RunRecord> runs)
    {
        (string[] Parts, RunRecord[] Runs)[] groups = [.. runs.GroupBy(run => string.Join('\n', PartsOf(run)))
            .Select(group => (PartsOf(group.First()), group.ToArray()))];
        return [.. groups.Select(group => new RunGroup(
            string.Join(", ", group.Parts.Where((part, i) => part.Length > 0
                && (i == 0 || groups.Any(other => other.Parts[i] != group.Parts[i])))),
            group.Runs))];
    }

    // The text's name, then all that decides which figures compare.
    private static string[] PartsOf(RunRecord run)
    {
        string name = run.Environment?.Corpus ?? run.Result?.Corpus ?? "";
        return run.Settings switch
        {
            RunConfig { Text: var text, Training: var training } config =>
            [
                name.Length > 0 ? name : string.Join(", ", config.Corpus),
                Hash(run.Environment?.CorpusSha256),
                $"{Choices.NameOf(text.Token)} tokens",
                $"cleaned as '{Choices.NameOf(text.Cleaning)}'",
                $"documents {Choices.NameOf(text.Documents)}",
                text.MinFreq > 1 ? $"tokens that occur {text.MinFreq} times" : "every token",
                text.MaxTokens > 0 ? $"its first {text.MaxTokens:#,0} tokens" : "all of its tokens",
                training.ValidationWindows > 0 ? $"{training.ValidationWindows:#,0} windows held out"
                    : $"{text.ValidationFraction} held out",
                text.TestFraction > 0 ? $"{text.TestFraction} for the test" : "no test",
            ],
            not null => [run.Environment?.HeldOut ?? name, Hash(run.Environment?.HeldOutSha256), "", "", "", "", "", "", ""],
            null => ["a text that the logs do not name", "", "", "", "", "", "", "", ""],
        };

        static string Hash(string? sha256) => sha256 is { Length: > 8 } ? $"SHA-256 {sha256[..8]}" : "";
    }
}
