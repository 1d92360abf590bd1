using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;
using static TorchSharp.torch;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Measures the models of runs, and the baselines of their texts, for a report.</summary>
/// <param name="device">The device; default the CPU.</param>
/// <param name="threads">Number of threads; default 0: chosen automatically.</param>
public sealed class RunEvaluator(Device? device = null, int threads = 0)
{
    private const int PassageTokens = 1500;

    // Compared runs usually share a text, so its baselines are measured once.
    private readonly Dictionary<(string Sha256, TextConfig Text, int VocabSize, TextRange Range), TextBaselines> _baselines = [];

    /// <summary>Measures a model on the part of the text that its training did not see.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="saved">Its model.</param>
    /// <param name="corpus">The text that it was trained on.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    /// <exception cref="InvalidConfigException">The text is another one, training saw all of it, or the model sees the
    /// future.</exception>
    public TextMeasurement Measure(string run, ISavedModel saved, CorpusText corpus, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(saved);
        ArgumentNullException.ThrowIfNull(corpus);
        if (corpus.Origin.Sha256 != saved.Corpus.Sha256)
            throw new InvalidConfigException([$"'{corpus.Origin.Name}' is not the text that it was trained on: its SHA-256 differs"]);
        if (saved is Checkpoint { Model.LeakLabel: { } leak })
            throw new InvalidConfigException([leak]);
        var evaluation = new EvaluationRun();
        EvaluationText text = evaluation.Texts(corpus, [saved], cancellationToken)[0];
        if (text.Range.Begin == 0)
            throw new InvalidConfigException(["training saw all of the text"]);
        EvaluationResult result = evaluation.Execute(saved, corpus, text, run, device, threads, cancellationToken);

        var key = (corpus.Origin.Sha256, saved.Text, saved.Vocab.Count, text.Range);
        if (!_baselines.TryGetValue(key, out TextBaselines? baselines))
            _baselines[key] = baselines = MeasureBaselines(saved, corpus, text, cancellationToken);
        return new TextMeasurement(run, result.Report, baselines.NGram?.Report, baselines.WithoutContext, baselines.Compressors,
            SurprisalText.TokensOf(result.Surprisals, saved, text.WindowLength, PassageTokens))
        {
            Surprisals = WithoutGuesses(result.Surprisals),
            NGramSurprisals = baselines.NGram?.Surprisals,
            WindowLength = text.WindowLength,
        };
    }

    /// <summary>Measures a run's best (else last) checkpoint on the pairs that the run held out.</summary>
    /// <param name="run">The run.</param>
    /// <param name="heldOut">The pairs.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <exception cref="InvalidConfigException">The pairs are not the run's.</exception>
    /// <exception cref="CheckpointException">There is no checkpoint yet, or it cannot be read.</exception>
    /// <exception cref="PairFileException">A pair is invalid; names its line.</exception>
    public PairMeasurement Measure(RunRecord run, PairFile heldOut, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(heldOut);
        if (heldOut.Sha256 != run.Environment?.HeldOutSha256)
            throw new InvalidConfigException(
                [$"'{heldOut.Path}' holds other pairs than those that the run measured: its SHA-256 differs"]);
        string path = run.CheckpointPath ?? throw new CheckpointException(run.Name, "has no checkpoint yet");
        using var model = TrainedModel.Open((PairCheckpoint)RunKind.Of(run.Kind).Read(path), device, threads);
        model.Check(heldOut);
        return PairMeasurement.Of(run.Name, model, heldOut, cancellationToken);
    }

    // Guesses take as much memory as all else, and a comparison does not need them.
    private static TokenSurprisals WithoutGuesses(TokenSurprisals surprisals) => surprisals with { Guesses = default };

    private static TextBaselines MeasureBaselines(
        ISavedModel saved, CorpusText corpus, EvaluationText text, CancellationToken cancellationToken)
    {
        TokenSource all = EncodedText.Of(corpus, saved.Text, cancellationToken).In(saved.Vocab);
        TokenSource seen = all.Slice(0, Math.Min(text.Range.Begin, saved.PartsOf(all.Length).Train.End));
        EvaluationResult? nGram = seen.Length < 2 ? null
            : Baselines.NGram(seen, text, saved.Vocab.Count, Baselines.DefaultOrder, cancellationToken: cancellationToken);
        return new TextBaselines(
            nGram is null ? null : nGram with { Surprisals = WithoutGuesses(nGram.Surprisals) },
            [.. Baselines.WithoutContext(seen, text, saved.Vocab.Count, cancellationToken: cancellationToken)
                .Select(result => result.Report)],
            Baselines.Compressors(seen, text.Tokens.Slice(1), saved.Vocab, saved.Text.Token, cancellationToken));
    }

    private sealed record TextBaselines(
        EvaluationResult? NGram, IReadOnlyList<EvaluationReport> WithoutContext, IReadOnlyList<CompressorBaseline> Compressors);
}

/// <summary>The performance of a run's model on unseen data.</summary>
/// <param name="Run">The run's name.</param>
public abstract record RunMeasurement(string Run);

/// <summary>The performance of a run's model on unseen text, with baselines.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Evaluation">The evaluation of its checkpoint.</param>
/// <param name="NGram">The evaluation of n-grams on the same text; null if there was too little text to count.</param>
/// <param name="WithoutContext">The evaluations of a uniform and a unigram model on the same text.</param>
/// <param name="Compressors">The results of compressors on the same text.</param>
/// <param name="Passage">The beginning of the text, token by token, with nats.</param>
public sealed record TextMeasurement(
    string Run, EvaluationReport Evaluation, EvaluationReport? NGram, IReadOnlyList<EvaluationReport> WithoutContext,
    IReadOnlyList<CompressorBaseline> Compressors, IReadOnlyList<(string Token, double Nats)> Passage) : RunMeasurement(Run)
{
    /// <summary>The surprisal of each token, to compare models token by token; null if it was not kept.</summary>
    internal TokenSurprisals? Surprisals { get; init; }

    /// <summary>The same for the n-grams.</summary>
    internal TokenSurprisals? NGramSurprisals { get; init; }

    /// <summary>Tokens per overlapping window; 0 if the text was read in rows.</summary>
    internal int WindowLength { get; init; }
}
