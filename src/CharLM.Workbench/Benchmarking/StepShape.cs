using CharLM.Models;

namespace CharLM.Workbench.Benchmarking;

/// <summary>The training steps to measure: a model and the shape of its minibatches.</summary>
public sealed record StepShape
{
    /// <summary>The model's configuration.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>Tokens of the vocab, 2 to 1,000,000; default 28, The Time Machine's.</summary>
    public int VocabSize { get; init; } = 28;

    /// <summary>Rows of a minibatch, 1 to 65,536; default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Tokens of a row, 1 to 65,536; default 35.</summary>
    public int NumSteps { get; init; } = 35;

    /// <summary>Number of threads; default 0: the fastest number for the fused kernels, one for torch.</summary>
    public int Threads { get; init; }

    /// <summary>Seconds per round, above 0, at most 60; default 1.</summary>
    public double SecondsOfRound { get; init; } = 1;

    /// <summary>Number of rounds, of which the median counts, 1 to 100; default 5.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Whether to measure torch.nn alternately with the fused kernels; default false.</summary>
    public bool BesideBuiltIn { get; init; }

    /// <summary>Tokens of a minibatch.</summary>
    public int Tokens => BatchSize * NumSteps;

    /// <summary>
    /// Floating-point operations of the matrix products of a training step: forward, and twice as many backward. One-hot input has none;
    /// element-wise work is not counted.
    /// </summary>
    public double ProductFlops
    {
        get
        {
            double hidden = Model.NumHiddens, gates = CellGates.Of(Model.Cell, Model.Variant).Count;
            double recurrent = Model.NumLayers * gates * hidden * hidden;
            double input = gates * hidden * (Model.EmbeddingSize + ((Model.NumLayers - 1) * hidden));
            return 6.0 * Tokens * (recurrent + input + (hidden * VocabSize));
        }
    }

    /// <summary>
    /// Bytes that backpropagation through time needs for a minibatch in float32, whatever the implementation: for each token and layer the
    /// forward values that the backward pass reads (gates, hidden state, cell state) and the gradient of the hidden state from above, and
    /// for each token the logits. Excludes weights, their gradients and copies.
    /// </summary>
    public double ActivationBytes
    {
        get
        {
            int gatesAndStates = Model.Cell switch { CellKind.Rnn => 1, CellKind.Gru => 5, _ => 6 };
            return 4.0 * Tokens * ((Model.NumLayers * (gatesAndStates + 1.0) * Model.NumHiddens) + VocabSize);
        }
    }

    /// <summary>All errors; empty if there are none.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in Model.Errors())
            yield return error;
        if (VocabSize is < 2 or > 1_000_000)
            yield return $"vocab must be 2 to 1000000, not {VocabSize}";
        if (BatchSize is < 1 or > 65536)
            yield return $"batch-size must be 1 to 65536, not {BatchSize}";
        if (NumSteps is < 1 or > 65536)
            yield return $"num-steps must be 1 to 65536, not {NumSteps}";
        if (!(SecondsOfRound is > 0 and <= 60))
            yield return $"seconds must be above 0 and at most 60, not {SecondsOfRound}";
        if (Rounds is < 1 or > 100)
            yield return $"rounds must be 1 to 100, not {Rounds}";
    }
}

/// <summary>The measurement of a shape.</summary>
/// <param name="Shape">The measured shape.</param>
/// <param name="SecondsOfStep">Median over the rounds of the mean time of a step: forward, backward, clip, update.</param>
/// <param name="Fastest">Seconds per step of the fastest round.</param>
/// <param name="Slowest">Seconds per step of the slowest round.</param>
/// <param name="PeakBytes">
/// Peak memory beyond what the process held before the model was built; null if the system does not report it.
/// </param>
public sealed record StepTiming(StepShape Shape, double SecondsOfStep, double Fastest, double Slowest, long? PeakBytes)
{
    /// <summary>Tokens trained per second.</summary>
    public double TokensPerSecond => Shape.Tokens / SecondsOfStep;

    /// <summary>Floating-point operations of matrix products per second.</summary>
    public double FlopsPerSecond => Shape.ProductFlops / SecondsOfStep;

    /// <summary>torch.nn at its faster number of threads; null unless the shape is fused.</summary>
    public PeerTiming? BuiltIn { get; init; }
}

/// <summary>The same steps computed by torch.nn, measured alternately with the fused ones.</summary>
/// <param name="Threads">Threads of one torch operation.</param>
/// <param name="SecondsOfStep">Median over the rounds.</param>
/// <param name="Ratio">Its step time over the fused step time, median over the rounds.</param>
public sealed record PeerTiming(int Threads, double SecondsOfStep, double Ratio);
