using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>Creates passes for a cell and a register width: the only place that chooses among the kernels' versions.</summary>
internal static class PassFactory
{
    /// <summary>Resolves <see cref="LaneWidth.Best"/> for this machine.</summary>
    public static LaneWidth Resolve(LaneWidth width) => width != LaneWidth.Best ? width
        : SimdVector512.IsSupported ? LaneWidth.Wide
        : SimdVector256.IsSupported ? LaneWidth.Medium
        : LaneWidth.Portable;

    /// <summary>Creates a recurrent layer.</summary>
    public static LayerPass Layer(
        LaneWidth width, CellKind cell, RnnActivation activation, RawLayer weights, int hidden, int inputWidth, TokenRows? tokens,
            double weightDropout) => Resolve(width) switch
            {
                LaneWidth.Wide => Layer<SimdVector512>(cell, activation, weights, hidden, inputWidth, tokens, weightDropout),
                LaneWidth.Medium => Layer<SimdVector256>(cell, activation, weights, hidden, inputWidth, tokens, weightDropout),
                _ => Layer<SimdVector128>(cell, activation, weights, hidden, inputWidth, tokens, weightDropout),
            };

    /// <summary>Creates the output layer.</summary>
    /// <param name="width">The registers to use.</param>
    /// <param name="weight">Its weights, [vocab, hidden].</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="vocab">Number of tokens.</param>
    /// <param name="hidden">Number of hidden units.</param>
    public static unsafe OutputPass Output(LaneWidth width, RawWeight weight, RawWeight bias, int vocab, int hidden) =>
        Output(width, weight, bias, vocab, hidden, null);

    /// <summary>Creates the output layer of a sample of the vocab.</summary>
    /// <param name="width">The registers to use.</param>
    /// <param name="weight">Its weights, [vocab, hidden].</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="vocab">Number of tokens.</param>
    /// <param name="hidden">Number of hidden units.</param>
    /// <param name="targetBiases">What is added to the logit of a row's target, for each token; null: nothing.</param>
    public static unsafe OutputPass Output(
        LaneWidth width, RawWeight weight, RawWeight bias, int vocab, int hidden, float* targetBiases) => Resolve(width) switch
        {
            LaneWidth.Wide => new SoftmaxPass<SimdVector512>(weight, bias, vocab, hidden, targetBiases),
            LaneWidth.Medium => new SoftmaxPass<SimdVector256>(weight, bias, vocab, hidden, targetBiases),
            _ => new SoftmaxPass<SimdVector128>(weight, bias, vocab, hidden, targetBiases),
        };

    private static LayerPass Layer<L>(
        CellKind cell, RnnActivation activation, RawLayer weights, int hidden, int inputWidth, TokenRows? tokens, double weightDropout)
        where L : struct, ISimdVector<L> => (cell, activation) switch
        {
            (CellKind.Lstm, _) => new CellPass<L, LstmCell>(weights, hidden, inputWidth, tokens, weightDropout),
            (CellKind.Gru, _) => new CellPass<L, GruCell>(weights, hidden, inputWidth, tokens, weightDropout),
            (CellKind.Rnn, RnnActivation.Relu) =>
                new CellPass<L, RnnCell<IActivation.Relu>>(weights, hidden, inputWidth, tokens, weightDropout),
            _ => new CellPass<L, RnnCell<IActivation.Tanh>>(weights, hidden, inputWidth, tokens, weightDropout),
        };
}
