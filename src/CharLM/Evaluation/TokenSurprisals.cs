using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>What a model made of each token of a text but the first, in the order of the text.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Targets">The tokens.</param>
/// <param name="Nats">How much each surprised: -ln p, in nats.</param>
/// <param name="Guesses">What was expected most in its place.</param>
public sealed record TokenSurprisals(ReadOnlyMemory<int> Targets, ReadOnlyMemory<float> Nats, ReadOnlyMemory<TopPrediction> Guesses)
{
    /// <summary>Loss over the tokens that the vocab has.</summary>
    public LossSum Known => Sum(unknown: false);

    /// <summary>Loss over the tokens that are read as unknown.</summary>
    public LossSum Unknown => Sum(unknown: true);

    /// <summary>The part of the tokens that were expected most, in [0, 1].</summary>
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
