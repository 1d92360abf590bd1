using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Workbench.Reports.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Runs of language models, and logs of them.</summary>
/// <param name="runs">The runs; their names are different.</param>
/// <param name="readCorpus">Finds and reads a text by the name in a configuration.</param>
internal sealed class ReportedTextRuns(IReadOnlyList<RunRecord> runs, Func<string, Task<CorpusText>> readCorpus) : IReportedRuns
{
    /// <inheritdoc/>
    public async Task<ReportContent> ReportAsync(ReportMeasuring? measure, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunMeasurement> measurements = measure is null ? [] : await MeasureAsync(measure, cancellationToken);
        return new ReportContent(
            RunReport.Of(runs, measurements, measure?.Notes ?? []),
            RunTables.Runs(runs),
            RunTables.Epochs(runs),
            RunTables.Evaluations(measurements),
            [
                .. runs.Select(run => new
                {
                    Run = run.Name,
                    run.Last?.Epoch,
                    run.Last?.TrainPerplexity,
                    run.Last?.HeldOutPerplexity,
                    BestHeldOutPerplexity = run.Best?.HeldOutPerplexity,
                    BestEpoch = run.Best?.Epoch,
                    UnseenBitsPerCharacter = measurements.FirstOrDefault(measured => measured.Run == run.Name)?.Evaluation.BitsPerCharacter,
                }),
            ]);
    }

    private async Task<IReadOnlyList<RunMeasurement>> MeasureAsync(ReportMeasuring measure, CancellationToken cancellationToken)
    {
        var evaluator = new RunEvaluator(measure.Device, measure.Threads);
        var texts = new Dictionary<string, CorpusText>();
        // A log has no model.
        return await measure.OfAsync(runs.Where(run => run.Corpus is not null), run => run.Name, async run =>
        {
            ISavedModel saved = ModelFile.Read(run.CheckpointPath ?? throw new CheckpointException(run.Name, "has no checkpoint yet"));
            string corpus = run.Corpus!;
            if (corpus == CorpusResolver.StandardInput)
                throw new InvalidConfigException(["its text came from standard input"]);
            if (!texts.TryGetValue(corpus, out CorpusText? text))
                texts[corpus] = text = await readCorpus(corpus);
            return evaluator.Measure(run.Name, saved, text, cancellationToken);
        });
    }
}
