using System.Globalization;

namespace CharLM.Figures.Tables;

/// <summary>A variant of an experiment.</summary>
/// <param name="Name">What it changes.</param>
/// <param name="Seeds">Trials that finished or diverged.</param>
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
/// <param name="Commit">The commit of the program that ran all its trials.</param>
/// <param name="Dates">The days on which they ended.</param>
/// <param name="Machine">The processor.</param>
internal sealed record ExperimentRow(
    string Name, string About, string Measure, ExperimentVariant[] Variants, string Commit, string[] Dates, string Machine);

/// <summary>The file experiments.json.</summary>
/// <param name="Origin">Where the figures come from.</param>
/// <param name="Rows">The experiments that ran.</param>
internal sealed record ExperimentFigures(Origin Origin, ExperimentRow[] Rows)
{
    /// <summary>The figures of some experiments, which may have run at several commits.</summary>
    /// <param name="script">The script.</param>
    /// <param name="engine">Versions of charlm, TorchSharp and libtorch.</param>
    /// <param name="rows">The experiments, in the order of the table.</param>
    /// <param name="missing">How many have not run.</param>
    public static ExperimentFigures Of(string script, string engine, ExperimentRow[] rows, int missing) => new(
        Origin.Of(
            script, engine, [.. rows.Select(row => (new[] { row.Commit }, row.Dates, new[] { row.Machine }))],
            missing > 0 ? $"{rows.Length} of {rows.Length + missing} experiments." : ""),
        rows);
}

/// <summary>What the shipped experiments found, the best variant first.</summary>
internal static class ExperimentsTable
{
    /// <summary>Every experiment.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Lines(ExperimentFigures figures) => new PlainFigures(
        figures.Origin, ["experiment", "trials", "held out: mean ± sd over the seeds, best first"],
        [.. figures.Rows.Select(Cells)]).Lines();

    /// <summary>The variants of one experiment.</summary>
    /// <param name="figures">The figures.</param>
    /// <param name="name">The experiment.</param>
    public static IEnumerable<string> Variants(ExperimentFigures figures, string name)
    {
        if (Array.Find(figures.Rows, row => row.Name == name) is not { } row)
            return [$"Not measured yet: `scripts/findings {name}`."];
        var origin = new Origin(
            $"scripts/findings {name}", figures.Origin.Engine, [row.Commit], row.Dates, [row.Machine],
            Numbers.OverSeeds(row.Variants.Max(variant => variant.Seeds)));
        string[][] cells =
        [
            .. BestFirst(row).Select((variant, place) => (string[])
                [variant.Name, Numbers.Count(variant.Parameters), Result(variant, isBest: place == 0)]),
        ];
        return new PlainFigures(origin, ["variant", "parameters", $"held out: {UnitOf(row)}"], cells).Lines();
    }

    private static string[] Cells(ExperimentRow row) =>
    [
        $"[{row.Name}](../scripts/experiments/{row.Name}.yaml): {row.About}", $"{row.Variants.Sum(variant => variant.Seeds)}",
        $"{UnitOf(row)}: "
            + string.Join("; ", BestFirst(row).Select((variant, place) => $"{variant.Name} {Result(variant, isBest: place == 0)}")),
    ];

    private static string UnitOf(ExperimentRow row) => row.Measure == "held-out-bits" ? "bits per character" : "perplexity";

    private static IEnumerable<ExperimentVariant> BestFirst(ExperimentRow row) =>
        row.Variants.OrderBy(variant => variant.Mean ?? double.PositiveInfinity);

    private static string Result(ExperimentVariant variant, bool isBest)
    {
        string mean = variant.Mean is not { } value ? "diverges"
            : value < 1000 ? Numbers.Fixed(value, 3) : value.ToString("0.0e0", CultureInfo.InvariantCulture);
        return (isBest ? $"**{mean}**" : mean)
            + (variant is { Mean: not null, Deviation: { } sd } && sd < 1000 ? $" ± {Numbers.Fixed(sd, 3)}" : "")
            + (variant is { Mean: not null, Infinite: > 0 } ? $" ({variant.Infinite} diverge)" : "");
    }
}
