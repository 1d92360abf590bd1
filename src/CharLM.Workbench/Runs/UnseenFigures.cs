using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>A trained model's figures on unseen text, with n-grams counted on the same training text for comparison.</summary>
public sealed record UnseenFigures
{
    // A gap in nats that marks memorisation: less than a third of the perplexity on the training text.
    private const double NatsOfMemory = 1.1;
    private const int MostTokens = 1_000_000, MostCountedTokens = 20_000_000;

    /// <summary>The measured part: "test", "held-out", or "rest" for the text after the tokens that were used.</summary>
    public required string Part { get; init; }

    /// <summary>Predicted tokens, at most a million.</summary>
    public required long Tokens { get; init; }

    /// <summary>Nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>Nats per token of n-grams (modified Kneser-Ney); null if there was too little text to count.</summary>
    public double? NGramLoss { get; init; }

    /// <summary>The order of the n-grams.</summary>
    public int NGramOrder { get; init; }

    /// <summary>Counted tokens: the training text, at most its first 20 million.</summary>
    public long NGramTokens { get; init; }

    /// <summary>Tokens of the training text.</summary>
    public long TrainTokens { get; init; }

    /// <summary>Whether the model has memorised its training text instead of learning the language: n-grams do better.</summary>
    public bool IsMemorised { get; init; }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The text, split.</param>
    /// <param name="windows">The held-out windows if the text was split into windows; else empty.</param>
    /// <param name="config">The configuration of the split.</param>
    /// <param name="trainLoss">Training loss in nats per token, if known.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <returns>Null if training saw the whole text.</returns>
    internal static UnseenFigures? Measure(
        LanguageModel model, TokenizedText text, HeldOutText windows, TextConfig config, double? trainLoss,
            CancellationToken cancellationToken)
    {
        bool inWindows = windows is { Exists: true, WindowLength: > 0 };
        TokenSource unseen = inWindows ? windows.Tokens : text.Unseen.Slice(0, Math.Min(text.Unseen.Length, MostTokens + 1));
        if (unseen.Length < 2 || model.Config.LeakLabel is not null)
            return null;
        var reading = new EvaluationConfig { WindowLength = inWindows ? windows.WindowLength : 0, EndId = text.EndId };
        LossSum loss = Evaluator.Measure(model, unseen, reading, cancellationToken);

        cancellationToken.ThrowIfCancellationRequested();
        TokenSource counted = text.Train.Slice(0, Math.Min(text.Train.Length, MostCountedTokens));
        using NGramModel counts = NGramModel.Train(counted, Baselines.DefaultOrder, text.Vocab.Count);
        LossSum nGram = Evaluator.Measure(counts, unseen, reading with { Rows = 1 }, cancellationToken);
        return new UnseenFigures
        {
            Part = config.TestFraction > 0 ? "test" : config.ValidationFraction > 0 || inWindows ? "held-out" : "rest",
            Tokens = loss.Tokens,
            Loss = loss.Mean,
            NGramLoss = nGram.Mean,
            NGramOrder = counts.Order,
            NGramTokens = counted.Length,
            TrainTokens = text.Train.Length,
            IsMemorised = loss.Mean - trainLoss > NatsOfMemory && loss.Mean > nGram.Mean,
        };
    }
}
