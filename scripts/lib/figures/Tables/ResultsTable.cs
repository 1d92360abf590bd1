namespace CharLM.Figures.Tables;

/// <summary>A model of a text, trained from several seeds, and n-grams of the same split.</summary>
/// <param name="Text">The text.</param>
/// <param name="Model">The preset, and the options beside it.</param>
/// <param name="Characters">Characters of training text.</param>
/// <param name="Kinds">Size of the vocab.</param>
/// <param name="Steps">Minibatches that it learned.</param>
/// <param name="Passes">Passes over the training text.</param>
/// <param name="Tested">Characters of the test part.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="TestNats">Nats per character of the test part, measured once with the model that was best on the validation part.</param>
/// <param name="NGramNats">That of 7-grams counted on the same training text.</param>
/// <param name="Commits">The commits whose program trained it.</param>
/// <param name="Dates">The days.</param>
/// <param name="Machines">The processors.</param>
internal sealed record ResultRow(
    string Text, string Model, long Characters, int Kinds, int Steps, double Passes, long Tested, int[] Seeds, double[] TestNats,
    double NGramNats, string[] Commits, string[] Dates, string[] Machines);

/// <summary>The file results.json.</summary>
/// <param name="Origin">Where the figures come from.</param>
/// <param name="Rows">The rows that ran.</param>
internal sealed record ResultFigures(Origin Origin, ResultRow[] Rows)
{
    /// <summary>The figures of some rows, which may have been trained at several commits.</summary>
    /// <param name="script">The script.</param>
    /// <param name="engine">Versions of charlm, TorchSharp and libtorch.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="note">What else a reader must know.</param>
    public static ResultFigures Of(string script, string engine, ResultRow[] rows, string note) => new(
        Origin.Of(script, engine, [.. rows.Select(row => (row.Commits, row.Dates, row.Machines))], note), rows);
}

/// <summary>Test perplexities of texts.</summary>
internal static class ResultsTable
{
    /// <summary>Every row.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Lines(ResultFigures figures)
    {
        yield return "| text: characters trained on, kinds | preset | steps (passes) | test perplexity: mean ± sd (seeds) | nats | "
            + "counted 7-grams |";
        yield return "|---|---|---|---|---|---|";
        foreach (ResultRow row in figures.Rows)
        {
            double[] perplexities = [.. row.TestNats.Select(Math.Exp)];
            string ours = Perplexity(Numbers.Mean(perplexities));
            string theirs = Perplexity(Math.Exp(row.NGramNats));
            bool wins = Numbers.Mean(row.TestNats) < row.NGramNats;
            string deviation = Numbers.Deviation(perplexities) is { } sd
                ? $" ± {Numbers.Fixed(sd, perplexities[0] < 100 ? 3 : 1)}" : "";
            yield return $"| {row.Text}: {Numbers.Count(row.Characters)}, {Numbers.Count(row.Kinds)} | `{row.Model}` | "
                + $"{Numbers.Count(row.Steps)} ({Numbers.Fixed(row.Passes, 1)}) | {Bold(ours, wins)}{deviation} ({row.Seeds.Length}) | "
                + $"{Numbers.Fixed(Numbers.Mean(row.TestNats), 4)} | {Bold(theirs, !wins)} |";
        }
        yield return "";
        yield return figures.Origin.Line;
    }

    private static string Perplexity(double value) => Numbers.Fixed(value, value < 100 ? 3 : 1);

    private static string Bold(string text, bool bold) => bold ? $"**{text}**" : text;
}
