using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>How a trained model does on text that its training did not see, beside n-grams counted on the same training text.</summary>
public sealed record UnseenFigures
{
    // So much better on what it learned, in nats: less than a third of the perplexity.
    private const double NatsOfMemory = 1.1;
    private const int MostTokens = 1_000_000, MostCountedTokens = 20_000_000;

    /// <summary>Which part of the text: "test", "held-out", or "rest" for what comes after the tokens that were used.</summary>
    public required string Part { get; init; }

    /// <summary>Tokens that were predicted; at most a million.</summary>
    public required long Tokens { get; init; }

    /// <summary>Nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>Nats per token of counted n-grams (modified Kneser-Ney); null when too little was trained on to count.</summary>
    public double? NGramLoss { get; init; }

    /// <summary>Tokens of the longest n-grams.</summary>
    public int NGramOrder { get; init; }

    /// <summary>Tokens that were counted: the training text, at most its first 20 million.</summary>
    public long NGramTokens { get; init; }

    /// <summary>Tokens of the training text.</summary>
    public long TrainTokens { get; init; }

    /// <summary>Whether the model knows its training text by heart and not its language: counting does better.</summary>
    public bool IsMemorised { get; init; }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">What it was trained on, and what not.</param>
    /// <param name="windows">The windows that were held out, where the text was split in windows; else nothing.</param>
    /// <param name="config">How the text was split.</param>
    /// <param name="trainLoss">Nats per token of training, where known.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <returns>Null where training saw the whole text.</returns>
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
