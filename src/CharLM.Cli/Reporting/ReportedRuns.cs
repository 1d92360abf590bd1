using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Measures and reports runs; one that cannot be measured gets a note instead of failing the report.</summary>
/// <param name="runs">The runs: all on text (or logs), or all of one kind on pairs; their names are distinct.</param>
/// <param name="readCorpus">Reads the texts of a configuration as a model's training read them.</param>
/// <param name="error">Receives the notes as warnings at once.</param>
internal sealed class ReportedRuns(
    IReadOnlyList<RunRecord> runs, Func<CorpusNames, ISavedModel, Task<CorpusText>> readCorpus, TextWriter error)
{
    private readonly Dictionary<(CorpusNames, string?), CorpusText> _texts = [];

    /// <summary>Builds the report.</summary>
    /// <param name="evaluator">Measures the models; null to measure nothing.</param>
    /// <param name="cancellationToken">Cancels the measurements.</param>
    public async Task<ReportContent> ReportAsync(RunEvaluator? evaluator, CancellationToken cancellationToken)
    {
        var measurements = new List<RunMeasurement>();
        var notes = new List<string>();
        // A log has no model.
        foreach (RunRecord run in evaluator is null ? [] : runs.Where(run => run.Directory is not null))
        {
            try
            {
                measurements.Add(await MeasureAsync(evaluator!, run, cancellationToken));
            }
            catch (Exception e) when (
                e is InvalidConfigException or CheckpointException or CorpusException or UnknownCorpusException or CorpusTooShortException
                    or PairFileException or IOException or UnauthorizedAccessException)
            {
                notes.Add($"{run.Name} is not measured: {e.Message}");
                ErrorLine.Write(error, $"warning: {Printable.Text(notes[^1])}");
            }
        }
        return new ReportContent(
            RunReport.Of(runs, measurements, notes),
            RunTables.Runs(runs),
            RunTables.Epochs(runs),
            RunTables.Evaluations(runs, measurements),
            [.. runs.Select(run => FiguresOf(run, measurements.FirstOrDefault(measured => measured.Run == run.Name)))]);
    }

    private static object FiguresOf(RunRecord run, RunMeasurement? measured) => new
    {
        Run = run.Name,
        run.Last?.Epoch,
        run.Last?.TrainLoss,
        run.Last?.HeldOutLoss,
        run.Last?.TrainPerplexity,
        run.Last?.HeldOutPerplexity,
        run.Last?.HeldOut,
        BestHeldOut = run.MainOf(run.Best),
        BestHeldOutPerplexity = run.Best?.HeldOutPerplexity,
        BestEpoch = run.Best?.Epoch,
        UnseenBitsPerCharacter = (measured as TextMeasurement)?.Evaluation.BitsPerCharacter,
        Measured = measured is PairMeasurement pairs ? Metric.ByKey(pairs.Metrics) : null,
    };

    private async Task<RunMeasurement> MeasureAsync(RunEvaluator evaluator, RunRecord run, CancellationToken cancellationToken)
    {
        if (run.IsOnPairs)
        {
            string path = run.Validation ?? throw new InvalidConfigException(["it held no pairs out"]);
            return evaluator.Measure(run, await PairFile.ReadAsync(path, cancellationToken), cancellationToken);
        }
        ISavedModel saved = ModelFile.Read(run.CheckpointPath ?? throw new CheckpointException(run.Name, "has no checkpoint yet"));
        CorpusNames corpus = run.Corpus!;
        if (corpus.Contains(CorpusResolver.StandardInput))
            throw new InvalidConfigException(["its text came from standard input"]);
        if (!_texts.TryGetValue((corpus, saved.Text.Encoding), out CorpusText? text))
            _texts[(corpus, saved.Text.Encoding)] = text = await readCorpus(corpus, saved);
        return evaluator.Measure(run.Name, saved, text, cancellationToken);
    }
}

/// <summary>The content of a report by <c>charlm report</c>, for any kind of run.</summary>
/// <param name="Report">The page.</param>
/// <param name="Runs">The table of runs, at full precision.</param>
/// <param name="Epochs">The table of epochs.</param>
/// <param name="Evaluations">The table of evaluations.</param>
/// <param name="Figures">The runs' figures, for --json.</param>
internal sealed record ReportContent(
    Report Report, ReportTable Runs, ReportTable Epochs, ReportTable Evaluations, IReadOnlyList<object> Figures);
