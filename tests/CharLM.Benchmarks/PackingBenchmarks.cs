using BenchmarkDotNet.Attributes;
using CharLM.Models.Fused.Gemm;

namespace CharLM.Benchmarks;

/// <summary>Laying W_hh of an LSTM out for the product: paid once a minibatch, not once a step.</summary>
public unsafe class PackingBenchmarks : IDisposable
{
    private PanelBuffer? _weights, _forwards, _backwards;

    /// <summary>Hidden units.</summary>
    [Params(256, 512)]
    public int Hidden { get; set; }

    /// <summary>Makes room.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _weights = new PanelBuffer(4L * Hidden * Hidden);
        _forwards = new PanelBuffer(Hidden, 4 * Hidden);
        _backwards = new PanelBuffer(4 * Hidden, Hidden);
    }

    /// <summary>For h * W_hh^T: [4 * hidden, hidden] becomes panels of [hidden, 4 * hidden].</summary>
    [Benchmark]
    public void Transposed() => Packing.Transpose(_weights!.Data, Hidden, _forwards!.Matrix, 4 * Hidden);

    /// <summary>For dz * W_hh: panels of [4 * hidden, hidden].</summary>
    [Benchmark]
    public void AsItIs() => Packing.CopyRows(_weights!.Data, Hidden, _backwards!.Matrix, 4 * Hidden);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PanelBuffer? part in new[] { _weights, _forwards, _backwards })
            part?.Dispose();
        GC.SuppressFinalize(this);
    }
}
