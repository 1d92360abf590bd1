using BenchmarkDotNet.Attributes;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Benchmarks;

/// <summary>
/// A whole training step of the kernels (batch 32, 35 steps, 256 hidden units, vocab 28): what registers and workers gain.
/// </summary>
public class StepBenchmarks : IDisposable
{
    private const int Vocab = 28, Batch = 32, Steps = 35;

    private readonly int[] _inputs = new int[Batch * Steps], _targets = new int[Batch * Steps];
    private LanguageModel? _model;
    private FusedNetwork? _network;
    private Workers? _workers;
    private RawWeights? _weights;

    /// <summary>The cell.</summary>
    [Params(CellKind.Rnn, CellKind.Gru, CellKind.Lstm)]
    public CellKind Cell { get; set; }

    /// <summary>The registers.</summary>
    [Params(LaneWidth.Wide, LaneWidth.Medium, LaneWidth.Portable)]
    public LaneWidth Width { get; set; }

    /// <summary>Threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Random text.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        for (int i = 0; i < _inputs.Length; i++)
            (_inputs[i], _targets[i]) = (random.Next(Vocab), random.Next(Vocab));
        _model = new LanguageModel(new ModelConfig { Cell = Cell }, Vocab);
        _weights = new RawWeights(_model);
        _workers = new Workers(Threads);
        _network = new FusedNetwork(_model.Config, Vocab, _weights, _workers, Width);
    }

    /// <summary>Forward and backward; clip and update are 2 % of a step.</summary>
    [Benchmark]
    public double Learn() => _network!.Learn(_inputs, _targets, Batch, Steps, dropoutKey: 0);

    /// <summary>Forward only, as evaluation has it.</summary>
    [Benchmark]
    public double Measure() => _network!.Measure(_inputs, _targets, Batch, Steps);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable? part in new IDisposable?[] { _network, _workers, _weights, _model })
            part?.Dispose();
        GC.SuppressFinalize(this);
    }
}
