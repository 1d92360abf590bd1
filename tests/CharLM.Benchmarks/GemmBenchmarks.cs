using BenchmarkDotNet.Attributes;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Benchmarks;

/// <summary>
/// The product of one time step on one core, in the shapes that training has: [rows, hidden] times [hidden, 4 * hidden]. Divide
/// 2 * rows * hidden * 4 * hidden by the time for the rate.
/// </summary>
public class GemmBenchmarks : IDisposable
{
    private PanelBuffer? _a, _b, _c;
    private Tensor? _x, _w, _y;

    /// <summary>Rows of a minibatch that one worker has.</summary>
    [Params(16, 32)]
    public int Rows { get; set; }

    /// <summary>Hidden units.</summary>
    [Params(256, 512)]
    public int Hidden { get; set; }

    /// <summary>Weights are packed once: that is <see cref="PackingBenchmarks"/>.</summary>
    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(1);
        _a = new PanelBuffer(Rows, Hidden);
        _b = new PanelBuffer(Panels.Pad(Hidden), 4 * Hidden);
        _c = new PanelBuffer(Rows, 4 * Hidden);
        (_x, _w, _y) = (randn(Rows, Hidden), randn(Hidden, 4 * Hidden), zeros(Rows, 4 * Hidden));
    }

    /// <summary>What OpenBLAS does, through torch.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using IDisposable unrecorded = no_grad();
        _y!.addmm_(_x!, _w!);
    }

    private RowGrid Grid => RowGrid.All(Rows);

    /// <summary>Registers of 512 bits.</summary>
    [Benchmark]
    public void Packed512() => BlockedGemm.MultiplyAdd<SimdVector512>(_a!.Matrix, Grid, _b!.Matrix, _c!.Matrix, Grid);

    /// <summary>Registers of 256 bits.</summary>
    [Benchmark]
    public void Packed256() => BlockedGemm.MultiplyAdd<SimdVector256>(_a!.Matrix, Grid, _b!.Matrix, _c!.Matrix, Grid);

    /// <summary>The portable path.</summary>
    [Benchmark]
    public void Packed128() => BlockedGemm.MultiplyAdd<SimdVector128>(_a!.Matrix, Grid, _b!.Matrix, _c!.Matrix, Grid);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable? part in new IDisposable?[] { _a, _b, _c, _x, _w, _y })
            part?.Dispose();
        GC.SuppressFinalize(this);
    }
}
