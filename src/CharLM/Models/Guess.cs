namespace CharLM.Models;

/// <summary>The token that a model expected most.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Token">Its id; the lowest one where several are equally probable.</param>
/// <param name="Probability">How probable the model held it, in (0, 1].</param>
public readonly record struct Guess(int Token, float Probability)
{
    /// <summary>The guess of logits, when the surprise of one token is known already.</summary>
    /// <param name="logits">One value a token.</param>
    /// <param name="target">The token.</param>
    /// <param name="nats">Its surprise, in nats: log sum exp(logits) - logit.</param>
    internal static Guess Of(ReadOnlySpan<float> logits, long target, float nats)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
                best = id;
        }
        return new Guess(best, Math.Min(1, (float)Math.Exp((double)logits[best] - logits[(int)target] - nats)));
    }
}
