using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>The optimizers' arithmetic on raw memory, with PyTorch's formulas and defaults.</summary>
internal static unsafe class Optimize
{
    /// <summary>The update rule for one element of a weight.</summary>
    internal interface IRule
    {
        /// <summary>Updates a register of weights.</summary>
        /// <param name="weight">The weights.</param>
        /// <param name="gradient">Their gradients, clipped.</param>
        /// <param name="first">First moments, updated by the rule.</param>
        /// <param name="second">Second moments, updated by the rule.</param>
        /// <param name="c">The constants of this step.</param>
        static abstract L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>;
    }

    /// <summary>The constants of a rule in one step.</summary>
    /// <param name="LearningRate">Step size, including bias corrections.</param>
    /// <param name="GradientScale">Factor of the gradient: clipping.</param>
    /// <param name="FirstDecay">Decay factor of the first moments; default 0.</param>
    /// <param name="FirstGain">Factor of the gradient in the first moments: 1 - decay, computed in higher precision; default 0.</param>
    /// <param name="SecondDecay">Decay factor of the second moments; default 0.</param>
    /// <param name="SecondGain">Factor of the squared gradient in the second moments; default 0.</param>
    /// <param name="RootScale">Factor of the root of the second moment; default 1.</param>
    /// <param name="WeightScale">Factor applied to the weight first: decoupled weight decay; default 1.</param>
    /// <param name="WeightDecay">Factor of the weight added to the gradient; default 0.</param>
    internal readonly record struct Constants(
        float LearningRate,
        float GradientScale,
        float FirstDecay = 0,
        float FirstGain = 0,
        float SecondDecay = 0,
        float SecondGain = 0,
        float RootScale = 1,
        float WeightScale = 1,
        float WeightDecay = 0)
    {
        /// <summary>Keeps the denominator above zero.</summary>
        public const float Epsilon = 1e-8f;
    }

    /// <summary>Applies a rule to a range of a weight.</summary>
    /// <param name="weight">The weights.</param>
    /// <param name="gradient">Their gradients.</param>
    /// <param name="first">First moments, or null.</param>
    /// <param name="second">Second moments, or null.</param>
    /// <param name="length">Number of elements.</param>
    /// <param name="constants">The constants of this step.</param>
    public static void Apply<L, TRule>(float* weight, float* gradient, float* first, float* second, int length, in Constants constants)
        where L : struct, ISimdVector<L>
        where TRule : struct, IRule
    {
        int place = 0;
        for (; place + L.Count <= length; place += L.Count)
        {
            L m = first is null ? default : L.Load(first + place), v = second is null ? default : L.Load(second + place);
            L.Store(TRule.Change(L.Load(weight + place), L.Load(gradient + place), ref m, ref v, constants), weight + place);
            if (first is not null)
                L.Store(m, first + place);
            if (second is not null)
                L.Store(v, second + place);
        }
        if (place == length)
            return;
        // Less than a register is left, and a tensor's memory must not be exceeded.
        float* spare = stackalloc float[4 * Panels.Width];
        int left = length - place;
        Copy(weight + place, spare, left);
        Copy(gradient + place, spare + Panels.Width, left);
        if (first is not null)
            Copy(first + place, spare + (2 * Panels.Width), left);
        if (second is not null)
            Copy(second + place, spare + (3 * Panels.Width), left);
        Apply<L, TRule>(spare, spare + Panels.Width, spare + (2 * Panels.Width), spare + (3 * Panels.Width), L.Count, constants);
        Copy(spare, weight + place, left);
        if (first is not null)
            Copy(spare + (2 * Panels.Width), first + place, left);
        if (second is not null)
            Copy(spare + (3 * Panels.Width), second + place, left);
    }

    // Zero in place of a vanishing moment. Those of a token that is not seen for a thousand steps would decay to subnormal numbers and stay
    // there, and processors of Intel take a hundred times as long for these. At 1e-30 a moment moves no weight.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L Settled<L>(L moment)
        where L : struct, ISimdVector<L> => L.WherePositive(L.Max(moment, L.All(0) - moment) - L.All(1e-30f), moment);

    private static void Copy(float* source, float* target, int count) =>
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));

    /// <summary>w - lr g.</summary>
    internal readonly struct Sgd : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            return L.MultiplyAdd(g, L.All(-c.LearningRate), weight);
        }
    }

    /// <summary>w - lr m; m is the sum of gradients, decayed by each step's momentum.</summary>
    internal readonly struct Momentum : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            first = Settled(L.MultiplyAdd(L.All(c.FirstDecay), first, g));
            return L.MultiplyAdd(first, L.All(-c.LearningRate), weight);
        }
    }

    /// <summary>w - lr (g + momentum m), with the same m.</summary>
    internal readonly struct Nesterov : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            first = Settled(L.MultiplyAdd(L.All(c.FirstDecay), first, g));
            return L.MultiplyAdd(L.MultiplyAdd(L.All(c.FirstDecay), first, g), L.All(-c.LearningRate), weight);
        }
    }

    /// <summary>w - lr m / (sqrt(v) + epsilon); m and v are running means of g and g^2, corrected for their start at zero.</summary>
    internal readonly struct Adam : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            weight *= L.All(c.WeightScale);
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            first = Settled(L.MultiplyAdd(L.All(c.FirstDecay), first, L.All(c.FirstGain) * g));
            second = Settled(L.MultiplyAdd(L.All(c.SecondDecay), second, L.All(c.SecondGain) * (g * g)));
            return weight - (L.All(c.LearningRate) * first / L.MultiplyAdd(L.Sqrt(second), L.All(c.RootScale), L.All(Constants.Epsilon)));
        }
    }

    /// <summary>w - lr g / (sqrt(v) + epsilon); v is a running mean of g^2.</summary>
    internal readonly struct RmsProp : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            second = Settled(L.MultiplyAdd(L.All(c.SecondDecay), second, L.All(c.SecondGain) * (g * g)));
            return weight - (L.All(c.LearningRate) * g / (L.Sqrt(second) + L.All(Constants.Epsilon)));
        }
    }
}
