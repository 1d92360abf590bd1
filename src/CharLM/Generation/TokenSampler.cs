using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>Chooses tokens from logits; <see cref="Vocab.Unknown"/> is never chosen.</summary>
public sealed class TokenSampler(Sampling sampling, long seed)
{
    private readonly RandomStream _random = new(seed, "sampling");
    private double[] _weights = [];

    /// <summary>Chooses one token.</summary>
    /// <param name="logits">One value a token of the vocab; overwritten.</param>
    /// <returns>A token id, never <see cref="Vocab.UnknownId"/>.</returns>
    /// <exception cref="InvalidOperationException">The vocab has nothing but the unknown token, or the logits are not numbers.</exception>
    public int Choose(Span<float> logits)
    {
        if (logits.Length < 2)
            throw new InvalidOperationException("the vocab has no token that could be generated");
        logits[Vocab.UnknownId] = float.NegativeInfinity;
        int best = 1;
        for (int id = 1; id < logits.Length; id++)
        {
            if (float.IsNaN(logits[id]))
                throw new InvalidOperationException("the model's logits are not numbers: its weights are damaged");
            if (logits[id] > logits[best])
                best = id;
        }
        return sampling switch
        {
            Sampling.Temperature temperature => Draw(logits, logits[best], temperature.Value),
            _ => best,
        };
    }

    // One number in [0, 1) decides, so that a seed gives the same text whatever the size of the vocab's tail.
    private int Draw(ReadOnlySpan<float> logits, float highest, double temperature)
    {
        if (_weights.Length < logits.Length)
            _weights = new double[logits.Length];
        double total = 0;
        for (int id = 1; id < logits.Length; id++)
            total += _weights[id] = Math.Exp((logits[id] - highest) / temperature);
        double left = _random.NextDouble() * total;
        int last = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (_weights[id] > 0)
                last = id;
            left -= _weights[id];
            if (left < 0)
                return id;
        }
        return last; // rounding only: the weights add up to the total
    }
}
