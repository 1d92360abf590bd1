using CharLM.Sequences;
using CharLM.Training;

namespace CharLM.Cli.Reporting;

/// <summary>Shows a run on pairs to a person: a plain line for every report.</summary>
internal sealed class SequenceReporter(TextWriter error, int every) : IProgress<SequenceEvent>
{
    /// <summary>Figures in words, after something that stands before each.</summary>
    public static string Describe(IReadOnlyList<Measure> measures, string before) => string.Concat(measures.Select(measure => $"{before}{measure.Name} {measure.Value:0.0000}"));

    /// <summary>Figures by name, for JSON.</summary>
    public static Dictionary<string, double> ByName(IReadOnlyList<Measure> measures) =>
        measures.ToDictionary(measure => measure.Name.ToLowerInvariant().Replace(' ', '_').Replace('-', '_'), measure => measure.Value);

    /// <inheritdoc/>
    public void Report(SequenceEvent value)
    {
        switch (value)
        {
            case SequenceEvent.Epoch { Report: var epoch, HeldOut: var measures } when epoch.Epoch == 1 || epoch.Epoch == epoch.NumEpochs || epoch.Epoch % every == 0:
                error.WriteLine(Line(epoch) + Describe(measures, "  held-out ") + $"  elapsed {Figure.Duration(epoch.ElapsedSeconds)}  left {Figure.Duration(epoch.RemainingSeconds)}");
                break;
            case SequenceEvent.Saved saved:
                error.WriteLine($"saved   {saved.Path}");
                break;
        }
    }

    private static string Line(EpochReport epoch) =>
        $"epoch {epoch.Epoch.ToString().PadLeft(epoch.NumEpochs.ToString().Length)}/{epoch.NumEpochs}  loss {epoch.Train.Mean:0.0000}  {Figure.Count(epoch.TokensPerSecond)} predictions/s";
}
