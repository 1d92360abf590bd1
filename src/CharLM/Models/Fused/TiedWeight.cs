using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused;

/// <summary>A weight that two layers use: the second one's gradients are written apart, and added when both are there.</summary>
internal sealed unsafe class TiedWeight : IDisposable
{
    private readonly RawWeight _weight;
    private readonly PanelBuffer _gradient;

    /// <summary>A second use of a weight.</summary>
    public TiedWeight(RawWeight weight)
    {
        _weight = weight;
        _gradient = new PanelBuffer(weight.Length);
        Twin = new RawWeight(weight.Name, weight.Value, _gradient.Data, weight.Shape);
    }

    /// <summary>The weight with gradients of its own.</summary>
    public RawWeight Twin { get; }

    /// <summary>Adds the second gradients to the first.</summary>
    public void AddGradients()
    {
        for (int i = 0; i < _weight.Length; i++)
            _weight.Gradient[i] += Twin.Gradient[i];
    }

    /// <inheritdoc/>
    public void Dispose() => _gradient.Dispose();
}
