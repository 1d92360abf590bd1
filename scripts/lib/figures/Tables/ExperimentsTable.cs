namespace CharLM.Figures.Tables;

/// <summary>A variant of an experiment.</summary>
/// <param name="Name">What it changes.</param>
/// <param name="Seeds">Trials that finished.</param>
/// <param name="Parameters">Weights.</param>
/// <param name="Mean">The mean of the experiment's measure over the seeds; null where every trial became infinite.</param>
/// <param name="Deviation">Its standard deviation; null of one seed.</param>
/// <param name="Infinite">Trials whose loss became infinite; they are not in the mean.</param>
internal sealed record ExperimentVariant(string Name, int Seeds, long Parameters, double? Mean, double? Deviation, int Infinite);

/// <summary>What an experiment found.</summary>
/// <param name="Name">Its file in scripts/experiments, without .yaml.</param>
/// <param name="About">What it asks.</param>
/// <param name="Measure">held-out-bits or held-out-perplexity.</param>
/// <param name="Variants">In order of the file.</param>
internal sealed record ExperimentRow(string Name, string About, string Measure, ExperimentVariant[] Variants);

/// <summary>The file experiments.json.</summary>
/// <param name="Origin">Where the figures come from.</param>
/// <param name="Rows">The experiments that ran.</param>
internal sealed record ExperimentFigures(Origin Origin, ExperimentRow[] Rows);

/// <summary>What the shipped experiments found, the best variant first.</summary>
internal static class ExperimentsTable
{
    /// <summary>Every experiment.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Lines(ExperimentFigures figures) => new PlainFigures(
        figures.Origin, ["experiment", "trials", "held out: mean ± sd over the seeds, best first"],
        [.. figures.Rows.Select(Cells)]).Lines();

    private static string[] Cells(ExperimentRow row)
    {
        string unit = row.Measure == "held-out-bits" ? "bits per character" : "perplexity";
        IEnumerable<string> results = row.Variants.OrderBy(variant => variant.Mean ?? double.PositiveInfinity)
            .Select((variant, place) => $"{variant.Name} {Result(variant, isBest: place == 0)}");
        return
        [
            $"[{row.Name}](../scripts/experiments/{row.Name}.yaml): {row.About}", $"{row.Variants.Sum(variant => variant.Seeds)}",
            $"{unit}: {string.Join("; ", results)}",
        ];
    }

    private static string Result(ExperimentVariant variant, bool isBest)
    {
        string mean = variant.Mean is not { } value ? "diverges"
            : value < 1000 ? Numbers.Fixed(value, 3) : value.ToString("0.0e0", System.Globalization.CultureInfo.InvariantCulture);
        return (isBest ? $"**{mean}**" : mean)
            + (variant is { Mean: not null, Deviation: { } sd } && sd < 1000 ? $" ± {Numbers.Fixed(sd, 3)}" : "")
            + (variant is { Mean: not null, Infinite: > 0 } ? $" ({variant.Infinite} diverge)" : "");
    }
}
