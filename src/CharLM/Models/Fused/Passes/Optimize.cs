using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>The arithmetic of optimizers over weights as memory, with PyTorch's formulas and defaults.</summary>
internal static unsafe class Optimize
{
    /// <summary>How one element of a weight changes.</summary>
    internal interface IRule
    {
        /// <summary>Changes a register of weights.</summary>
        /// <param name="weight">The weights.</param>
        /// <param name="gradient">Their gradients, clipped.</param>
        /// <param name="first">First moments; kept by the rule.</param>
        /// <param name="second">Second moments; kept by the rule.</param>
        /// <param name="c">The rule's constants of this step.</param>
        static abstract L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>;
    }

    /// <summary>What a rule needs to know of a step.</summary>
    /// <param name="LearningRate">Step size, bias corrections included.</param>
    /// <param name="GradientScale">Clipping.</param>
    /// <param name="FirstDecay">What stays of the first moments.</param>
    /// <param name="FirstGain">What of the gradient comes in: 1 - decay, which float32 cannot compute from the decay.</param>
    /// <param name="SecondDecay">What stays of the second moments.</param>
    /// <param name="SecondGain">What of the gradient's square comes in.</param>
    /// <param name="RootScale">What the root of the second moment is multiplied with.</param>
    /// <param name="WeightScale">What the weight is multiplied with first: decoupled weight decay.</param>
    /// <param name="WeightDecay">What of the weight is added to the gradient.</param>
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
        /// <summary>Keeps the root away from zero.</summary>
        public const float Epsilon = 1e-8f;
    }

    /// <summary>Applies a rule to a range of a weight.</summary>
    /// <param name="weight">The weights.</param>
    /// <param name="gradient">Their gradients.</param>
    /// <param name="first">First moments, or null.</param>
    /// <param name="second">Second moments, or null.</param>
    /// <param name="length">Elements.</param>
    /// <param name="constants">Of this step.</param>
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
        // Less than a register is left, and a tensor's memory ends where it ends.
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

    /// <summary>w - lr m / (sqrt(v) + epsilon), m and v running means of g and g^2, corrected for their start at zero.</summary>
    internal readonly struct Adam : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            weight *= L.All(c.WeightScale);
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            first = L.MultiplyAdd(L.All(c.FirstDecay), first, L.All(c.FirstGain) * g);
            second = L.MultiplyAdd(L.All(c.SecondDecay), second, L.All(c.SecondGain) * (g * g));
            return weight - (L.All(c.LearningRate) * first / L.MultiplyAdd(L.Sqrt(second), L.All(c.RootScale), L.All(Constants.Epsilon)));
        }
    }

    /// <summary>w - lr g / (sqrt(v) + epsilon), v a running mean of g^2.</summary>
    internal readonly struct RmsProp : IRule
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static L Change<L>(L weight, L gradient, ref L first, ref L second, in Constants c)
            where L : struct, ISimdVector<L>
        {
            L g = L.MultiplyAdd(weight, L.All(c.WeightDecay), gradient * L.All(c.GradientScale));
            second = L.MultiplyAdd(L.All(c.SecondDecay), second, L.All(c.SecondGain) * (g * g));
            return weight - (L.All(c.LearningRate) * g / (L.Sqrt(second) + L.All(Constants.Epsilon)));
        }
    }
}
