namespace CharLM.Models.Fused.Simd;

/// <summary>The function of a plain recurrent cell.</summary>
internal interface IActivation
{
    /// <summary>f(sum).</summary>
    static abstract L Value<L>(L sum)
        where L : struct, ILanes<L>;

    /// <summary>f'(sum) times a gradient, from f's value.</summary>
    static abstract L Gradient<L>(L value, L gradient)
        where L : struct, ILanes<L>;

    /// <summary>tanh.</summary>
    readonly struct Tanh : IActivation
    {
        public static L Value<L>(L sum)
            where L : struct, ILanes<L> => LaneMath.Tanh(sum);

        public static L Gradient<L>(L value, L gradient)
            where L : struct, ILanes<L> => gradient * (L.All(1) - (value * value));
    }

    /// <summary>max(0, x).</summary>
    readonly struct Relu : IActivation
    {
        public static L Value<L>(L sum)
            where L : struct, ILanes<L> => L.Max(L.All(0), sum);

        public static L Gradient<L>(L value, L gradient)
            where L : struct, ILanes<L> => L.WherePositive(value, gradient);
    }
}
