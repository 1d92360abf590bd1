using CharLM.Models;

namespace CharLM.Generation;

/// <summary>
/// One step from the model's logits to the distribution from which a token is drawn. Steps always act in this order: repetition penalty,
/// temperature, top-k, top-p, min-p.
/// </summary>
/// <remarks>
/// <para>
/// A step changes logits in place and removes a token by setting its logit to minus infinity; the distribution is the softmax of the
/// rest. No step removes the most probable token.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
public abstract record SamplingStep
{
    private SamplingStep()
    {
    }

    /// <summary>The position in the order.</summary>
    internal abstract int Place { get; }

    /// <summary>The name in messages.</summary>
    internal abstract string Name { get; }

    /// <summary>Every error of the step; empty when there is none.</summary>
    internal abstract IEnumerable<string> Errors();

    /// <summary>Applies the step.</summary>
    /// <param name="logits">One value per token of the vocab, changed in place.</param>
    /// <param name="recent">The last tokens of the text, if a step needs them; else null.</param>
    /// <param name="scratch">Working memory.</param>
    internal abstract void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch);

    /// <summary>
    /// Makes recent tokens less probable: a positive logit is divided by the penalty, a negative one multiplied by it (Keskar et al. 2019,
    /// CTRL, section 4.1, in the form of its published code).
    /// </summary>
    /// <param name="Penalty">Above 0; 1 changes nothing, CTRL uses 1.2, and below 1 the model repeats more.</param>
    /// <param name="Window">The last tokens of the text, prefix included, that count, 0 to 100,000; 0: all. Default 64.</param>
    public sealed record RepetitionPenalty(double Penalty, int Window = RepetitionPenalty.DefaultWindow) : SamplingStep
    {
        /// <summary>The default window, in tokens.</summary>
        public const int DefaultWindow = 64;

        internal override int Place => 0;

        internal override string Name => "repetition-penalty";

        internal override IEnumerable<string> Errors()
        {
            if (!(Penalty > 0 && double.IsFinite(Penalty)))
                yield return $"repetition-penalty must be above 0 (1 changes nothing) and finite, not {Penalty}";
            if (Window is < 0 or > RecentTokens.MaxWindow)
                yield return $"repetition-window must be 0 (the whole text) to {RecentTokens.MaxWindow}, not {Window}";
        }

        internal override void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch)
        {
            for (int id = 0; id < logits.Length; id++)
            {
                if (recent!.Contains(id))
                    logits[id] = (float)(logits[id] > 0 ? logits[id] / Penalty : logits[id] * Penalty);
            }
        }
    }

    /// <summary>Divides the logits: softmax(logits / value) (Ackley, Hinton and Sejnowski 1985).</summary>
    /// <param name="Value">Above 0; 1 is the model's own distribution, lower is sharper, higher is flatter.</param>
    public sealed record Temperature(double Value) : SamplingStep
    {
        internal override int Place => 1;

        internal override string Name => "temperature";

        internal override IEnumerable<string> Errors()
        {
            if (!(Value > 0 && double.IsFinite(Value)))
                yield return $"temperature must be above 0 and finite, not {Value}";
        }

        internal override void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch)
        {
            if (Value == 1)
                return;
            // Relative to the highest logit, so that no temperature makes it infinite.
            double highest = LogitMath.Highest(logits);
            for (int id = 0; id < logits.Length; id++)
                logits[id] = (float)((logits[id] - highest) / Value);
        }
    }

    /// <summary>Keeps the most probable tokens (Fan, Lewis and Dauphin 2018); on a tie the first in the vocab.</summary>
    /// <param name="Count">Number of tokens to keep, 1 or more.</param>
    public sealed record TopK(int Count) : SamplingStep
    {
        internal override int Place => 2;

        internal override string Name => "top-k";

        internal override IEnumerable<string> Errors()
        {
            if (Count < 1)
                yield return $"top-k must be 1 or more, not {Count}";
        }

        internal override void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch)
        {
            if (Count < logits.Length)
                scratch.Rank(logits).KeepFirst(Count, logits);
        }
    }

    /// <summary>
    /// Keeps the fewest most probable tokens whose probabilities sum to at least a given mass (nucleus sampling, Holtzman et al. 2020).
    /// </summary>
    /// <param name="Mass">The sum, in (0, 1]; 1 keeps all.</param>
    public sealed record TopP(double Mass) : SamplingStep
    {
        internal override int Place => 3;

        internal override string Name => "top-p";

        internal override IEnumerable<string> Errors()
        {
            if (!(Mass is > 0 and <= 1))
                yield return $"top-p must be above 0 and at most 1 (keeps all), not {Mass}";
        }

        internal override void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch)
        {
            if (Mass == 1)
                return;
            Span<float> weights = scratch.Weights(logits.Length);
            double wanted = Mass * LogitMath.Exponentials(logits, LogitMath.Highest(logits), weights), sum = 0;
            TokenRanking ranking = scratch.Rank(logits);
            int kept = 0;
            while (kept < logits.Length && sum < wanted)
                sum += weights[ranking[kept++]];
            ranking.KeepFirst(kept, logits);
        }
    }

    /// <summary>
    /// Keeps the tokens whose probability is at least a given fraction of the highest (Nguyen et al. 2024).
    /// </summary>
    /// <param name="Fraction">The fraction, in (0, 1]; the paper uses 0.05 to 0.1.</param>
    public sealed record MinP(double Fraction) : SamplingStep
    {
        internal override int Place => 4;

        internal override string Name => "min-p";

        internal override IEnumerable<string> Errors()
        {
            if (!(Fraction is > 0 and <= 1))
                yield return $"min-p must be above 0 and at most 1, not {Fraction}";
        }

        internal override void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch)
        {
            double least = LogitMath.Highest(logits) + Math.Log(Fraction);
            for (int id = 0; id < logits.Length; id++)
            {
                if (logits[id] < least)
                    logits[id] = float.NegativeInfinity;
            }
        }
    }
}
