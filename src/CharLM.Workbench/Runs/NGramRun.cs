using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>The n-gram baseline of a text: counted on its first part, measured on the held-out part.</summary>
public sealed record NGramRun
{
    /// <summary>The order: tokens of the longest n-grams, 1 to 10; default 7.</summary>
    public int Order { get; init; } = Baselines.DefaultOrder;

    /// <summary>How counts become probabilities; default modified Kneser-Ney.</summary>
    public NGramSmoothing Smoothing { get; init; } = NGramSmoothing.KneserNey;

    /// <summary>For Laplace smoothing: the weight of a token's own frequency, above 0; default 1.</summary>
    public double Epsilon { get; init; } = 1;

    private double? Laplace => Smoothing == NGramSmoothing.Laplace ? Epsilon : null;

    /// <summary>How to tokenize and split the text; default all of it, the last tenth held out.</summary>
    public TextConfig Text { get; init; } = new() { MaxTokens = 0, ValidationFraction = 0.1 };

    /// <summary>Whether to measure compressors on the held-out part, too; default false.</summary>
    public bool Compressors { get; init; }

    /// <summary>The file for the counts; default checkpoints/ngram.safetensors.</summary>
    public string CheckpointPath { get; init; } = Path.Combine("checkpoints", "ngram.safetensors");

    /// <summary>The bootstrap's settings.</summary>
    public EvaluationConfig Config { get; init; } = new();

    /// <summary>All errors; empty if there are none.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in NGramModel.Errors(Order, Epsilon).Concat(Text.Errors()).Concat(Config.Errors()))
            yield return error;
        if (Epsilon != 1 && Smoothing != NGramSmoothing.Laplace)
            yield return "epsilon is for --smoothing laplace";
        if (Compressors && Text.ValidationFraction + Text.TestFraction == 0)
            yield return "compressors are measured on the held-out part: give a validation-fraction above 0";
        if (string.IsNullOrWhiteSpace(CheckpointPath))
            yield return "out must name a file";
    }

    /// <summary>Counts, measures and writes.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="cancellationToken">Checked between steps; cancelling leaves no file.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or there is too little text.</exception>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public NGramResult Execute(CorpusText corpus, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        InvalidConfigException.ThrowIfAny(Errors());
        TokenizedText text = TokenizedText.From(corpus, Text, cancellationToken: cancellationToken);
        if (text.NumTokensOfCorpus == 0)
            throw new InvalidConfigException(
                [$"nothing of the text is left after the cleaning '{Choices.NameOf(Text.Cleaning)}': take --cleaning none"]);
        cancellationToken.ThrowIfCancellationRequested();
        long began = Stopwatch.GetTimestamp();
        NGramModel model = NGramModel.Train(text.Train, Order, text.Vocab.Count, Laplace);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        cancellationToken.ThrowIfCancellationRequested();
        TextSketch sketch = TextSketch.Of(text.Train, text.Vocab, Text.Token);
        bool measures = Text.ValidationFraction + Text.TestFraction > 0 && text.Unseen.Length > 1;
        EvaluationText? unseen = measures ? Unseen(corpus, text, cancellationToken) : null;
        EvaluationReport? heldOut = unseen is null ? null
            : Evaluator.Evaluate(model, unseen, Baselines.Describe(Order, Laplace), Config with { Rows = 1 }, cancellationToken).Report with
            {
                PassagesTrainedOn = sketch.ShareOf(text.Unseen, text.Vocab),
            };
        IReadOnlyList<EvaluationReport> withoutContext = unseen is null ? []
            : [.. Baselines.WithoutContext(text.Train, unseen, text.Vocab.Count, Config, cancellationToken)
                .Select(result => result.Report)];
        IReadOnlyList<CompressorBaseline> compressors = Compressors && measures
            ? Baselines.Compressors(text.Train, text.Unseen, text.Vocab, Text.Token, cancellationToken)
            : [];
        var checkpoint = new NGramCheckpoint
        {
            Model = model,
            Text = Text with { Encoding = corpus.Origin.Encoding ?? Text.Encoding },
            Vocab = text.Vocab,
            Corpus = CorpusRecord.Of(corpus.Origin, OwnText.IsOwn(corpus.Origin.Texts) ? OwnText.PrefixOf(corpus, Text) : null),
            TrainedText = sketch,
            Progress = new TrainingProgress
            {
                Epochs = 1,
                HeldOutLoss = heldOut?.All.Mean,
                BestHeldOutLoss = heldOut?.All.Mean,
                BestEpoch = heldOut is null ? null : 1,
                TrainedSeconds = seconds,
            },
        };
        cancellationToken.ThrowIfCancellationRequested();
        NGramFile.Write(CheckpointPath, checkpoint);
        return new NGramResult(checkpoint, text.Train.Length, seconds, heldOut, withoutContext, compressors);
    }

    private EvaluationText Unseen(CorpusText corpus, TokenizedText text, CancellationToken cancellationToken) =>
        EvaluationText.From(
            corpus, Text, text.Vocab, tokens => TextParts.Of(tokens, Text).Unseen, cancellationToken) with
        {
            Name = $"{corpus.Origin.Name} ({(Text.TestFraction > 0 ? "test part" : "held out from training")})",
        };
}

/// <summary>How the counts of n-grams become probabilities.</summary>
public enum NGramSmoothing
{
    /// <summary>Interpolated modified Kneser-Ney (Chen and Goodman 1999).</summary>
    KneserNey,

    /// <summary>Laplace smoothing towards the frequency of each token (Dive into Deep Learning v1.0, 9.3).</summary>
    Laplace,
}

/// <summary>The result of counting n-grams.</summary>
/// <param name="Checkpoint">The counts.</param>
/// <param name="TrainTokens">Number of counted tokens.</param>
/// <param name="Seconds">Seconds of counting.</param>
/// <param name="HeldOut">The evaluation on the held-out part; null if there is none.</param>
/// <param name="WithoutContext">The evaluations of a uniform and a unigram model on the held-out part; empty if there is none.</param>
/// <param name="Compressors">The results of compressors; empty if not requested.</param>
public sealed record NGramResult(
    NGramCheckpoint Checkpoint, long TrainTokens, double Seconds, EvaluationReport? HeldOut,
    IReadOnlyList<EvaluationReport> WithoutContext, IReadOnlyList<CompressorBaseline> Compressors);
