using CharLM.Models;

namespace CharLM.Workbench.Benchmarking;

/// <summary>What is measured: training steps of a model on minibatches of a shape.</summary>
public sealed record StepShape
{
    /// <summary>What the model is made of.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>Tokens of the vocab, 2 to 1,000,000; default 28, The Time Machine's.</summary>
    public int VocabSize { get; init; } = 28;

    /// <summary>Rows of a minibatch, 1 to 65,536; default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Tokens of a row, 1 to 65,536; default 35.</summary>
    public int NumSteps { get; init; } = 35;

    /// <summary>Threads; default 0: as many as measure faster for the fused kernels, one for torch.</summary>
    public int Threads { get; init; }

    /// <summary>Seconds of each round, above 0, at most 60; default 1.</summary>
    public double SecondsOfRound { get; init; } = 1;

    /// <summary>Rounds, 1 to 100; the median counts; default 5.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Whether torch.nn is measured beside the fused kernels, in turn; default no.</summary>
    public bool BesideBuiltIn { get; init; }

    /// <summary>Tokens of a minibatch.</summary>
    public int Tokens => BatchSize * NumSteps;

    /// <summary>
    /// Floating-point operations of a training step that are products: forward, and twice as many backward. One-hot input has
    /// none; element-wise work is not counted.
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
    /// Bytes that backpropagation through time needs of a minibatch, whoever computes it, float32: for each token and layer what
    /// the way back reads of the way forth (gates, hidden state, cell state) and the gradient of the hidden state that comes from
    /// above, and for each token the logits. Weights, their gradients and their copies are not counted.
    /// </summary>
    public double ActivationBytes
    {
        get
        {
            int gatesAndStates = Model.Cell switch { CellKind.Rnn => 1, CellKind.Gru => 5, _ => 6 };
            return 4.0 * Tokens * ((Model.NumLayers * (gatesAndStates + 1.0) * Model.NumHiddens) + VocabSize);
        }
    }

    /// <summary>Every error, empty when there is none.</summary>
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

/// <summary>What was measured of a shape.</summary>
/// <param name="Shape">What was measured.</param>
/// <param name="SecondsOfStep">Median over the rounds of the mean time of a step: forward, backward, clip, update.</param>
/// <param name="Fastest">The fastest round's.</param>
/// <param name="Slowest">The slowest round's.</param>
/// <param name="PeakBytes">How much memory the process took beyond what it had before the model; null where the system does not
/// tell.</param>
public sealed record StepTiming(StepShape Shape, double SecondsOfStep, double Fastest, double Slowest, long? PeakBytes)
{
    /// <summary>Tokens learned in a second.</summary>
    public double TokensPerSecond => Shape.Tokens / SecondsOfStep;

    /// <summary>Floating-point operations of products in a second.</summary>
    public double FlopsPerSecond => Shape.ProductFlops / SecondsOfStep;

    /// <summary>torch.nn beside it, at its better number of threads; null for what is not fused.</summary>
    public PeerTiming? BuiltIn { get; init; }
}

/// <summary>The same steps computed by torch.nn, measured in turn with the fused ones.</summary>
/// <param name="Threads">Threads of one torch operation.</param>
/// <param name="SecondsOfStep">Median over the rounds.</param>
/// <param name="Ratio">How many times as long its steps took, the median of the rounds' ratios.</param>
public sealed record PeerTiming(int Threads, double SecondsOfStep, double Ratio);
