using CharLM.Models;
using CharLM.Training;

namespace CharLM.Workbench.Gradients;

/// <summary>What was measured of one model.</summary>
public sealed record GradientRow
{
    /// <summary>What to call it: "lstm, clipped by norm".</summary>
    public required string Name { get; init; }

    /// <summary>What it is made of.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>How its gradients were clipped in training; null: not at all.</summary>
    public required ClippingKind? Clipping { get; init; }

    /// <summary>Perplexity of the last epoch that it was trained; null when it was not.</summary>
    public double? TrainPerplexity { get; init; }

    /// <summary>What went wrong in training; the figures are those of the last good weights. Null: nothing.</summary>
    public string? Problem { get; init; }

    /// <summary>The gradients back in time.</summary>
    public required IReadOnlyList<FlowCurve> Curves { get; init; }

    /// <summary>The spectrum of the recurrent weights.</summary>
    public required IReadOnlyList<GateSpectrum> Spectra { get; init; }
}
