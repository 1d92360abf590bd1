using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>A model's surprisal and guess for each token of a text but the first, in the order of the text.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Targets">The tokens.</param>
/// <param name="Nats">The surprisal of each: -ln p, in nats.</param>
/// <param name="Guesses">The most probable token at each position.</param>
public sealed record TokenSurprisals(ReadOnlyMemory<int> Targets, ReadOnlyMemory<float> Nats, ReadOnlyMemory<TopPrediction> Guesses)
{
    /// <summary>Loss over the tokens in the vocab.</summary>
    public LossSum Known => Sum(unknown: false);

    /// <summary>Loss over the tokens that are not in the vocab.</summary>
    public LossSum Unknown => Sum(unknown: true);

    /// <summary>The share of the tokens that the model thought most probable, in [0, 1].</summary>
    public double Accuracy
    {
        get
        {
            int right = 0;
            for (int i = 0; i < Targets.Length; i++)
                right += Guesses.Span[i].Token == Targets.Span[i] ? 1 : 0;
            return (double)right / Targets.Length;
        }
    }

    private LossSum Sum(bool unknown)
    {
        double total = 0;
        long tokens = 0;
        for (int i = 0; i < Targets.Length; i++)
        {
            if (Targets.Span[i] == Vocab.UnknownId != unknown)
                continue;
            total += Nats.Span[i];
            tokens++;
        }
        return new LossSum(total, tokens);
    }
}
