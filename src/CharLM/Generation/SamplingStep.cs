namespace CharLM.Generation;

/// <summary>
/// One step on the way from the model's logits to the distribution that a token is drawn from. Whatever order they are
/// given in, steps act in this one: repetition penalty, temperature, top-k, top-p, min-p.
/// </summary>
/// <remarks>
/// <para>
/// A step changes logits in place and takes a token out by making its logit minus infinity; what is left is the softmax of
/// the rest. No step takes the most probable token out.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
public abstract record SamplingStep
{
    private SamplingStep()
    {
    }

    /// <summary>The place in the order.</summary>
    internal abstract int Place { get; }

    /// <summary>The name that users know.</summary>
    internal abstract string Name { get; }

    /// <summary>Every error, empty when there is none.</summary>
    internal abstract IEnumerable<string> Errors();

    /// <summary>Does the step.</summary>
    /// <param name="logits">One value a token of the vocab.</param>
    /// <param name="recent">The last tokens of the text, where a step asks for them.</param>
    /// <param name="scratch">Working memory.</param>
    internal abstract void Apply(Span<float> logits, RecentTokens? recent, SamplingScratch scratch);

    /// <summary>
    /// Makes tokens that stand in the last part of the text less probable: a positive logit is divided by the penalty, a
    /// negative one multiplied (Keskar et al. 2019, CTRL, section 4.1, in the form of its published code).
    /// </summary>
    /// <param name="Penalty">Above 0; 1 changes nothing, CTRL takes 1.2, below 1 repeats more.</param>
    /// <param name="Window">Tokens of the text that count, the prefix included; 0: all; default 64.</param>
    public sealed record RepetitionPenalty(double Penalty, int Window = RepetitionPenalty.DefaultWindow) : SamplingStep
    {
        /// <summary>The window where none is asked for.</summary>
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

    /// <summary>Divides logits by a value: softmax(logits / value) (Ackley, Hinton and Sejnowski 1985).</summary>
    /// <param name="Value">Above 0; 1 is the model's own distribution, lower is bolder, higher is wilder.</param>
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
            // From the highest down, so that no temperature makes it infinite.
            double highest = LogitMath.Highest(logits);
            for (int id = 0; id < logits.Length; id++)
                logits[id] = (float)((logits[id] - highest) / Value);
        }
    }

    /// <summary>Keeps the most probable tokens, so many of them (Fan, Lewis and Dauphin 2018); of equals the first in the vocab.</summary>
    /// <param name="Count">1 or more.</param>
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
    /// Keeps the fewest most probable tokens whose probabilities come to a sum (nucleus sampling, Holtzman et al. 2020).
    /// </summary>
    /// <param name="Mass">In (0, 1]; 1 keeps all.</param>
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
    /// Keeps the tokens that are at least a fraction as probable as the most probable one (Nguyen et al. 2024).
    /// </summary>
    /// <param name="Fraction">In (0, 1]; the paper takes 0.05 to 0.1.</param>
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
