using System.Globalization;
using System.Numerics;
using CharLM.Models;
using CharLM.Training;
using CharLM.Workbench.Reports;

namespace CharLM.Workbench.Gradients;

/// <summary>The results of a study as a page with charts, and as one table for programs.</summary>
/// <param name="rows">The measurements.</param>
/// <param name="corpus">The text's name.</param>
/// <param name="study">The study.</param>
public sealed class GradientReport(IReadOnlyList<GradientRow> rows, string corpus, GradientStudy study)
{
    /// <summary>Builds the page.</summary>
    public Report Page() => new("Gradients through time",
    [
        new ReportSection("Gradient flow", Flow()),
        new ReportSection("Recurrent weights", Spectrum()),
    ]);

    /// <summary>
    /// All figures, one per row: for gradients the norm at each distance, for W_hh its eigenvalues and the norms of its powers.
    /// </summary>
    public ReportTable Figures() => new(
        "",
        [Text("measure"), Text("model"), Text("place"), Text("part"), new ReportColumn("at"), new ReportColumn("value"),
            new ReportColumn("imaginary")],
        [.. rows.SelectMany(row => Norms(row).Concat(Eigenvalues(row)).Concat(Powers(row)))]);

    private ReportPart[] Flow() =>
    [
        new Paragraph(
            $"The norm of the gradient of the loss at one step with respect to earlier states, mean over {study.Rows} places in "
                + $"{corpus}. "
            + "A falling straight line is a gradient that vanishes by the same factor at every step, a rising one a gradient that "
            + "explodes. It is computed in float32, which represents norms of 1e-30 to 1e30 accurately: the factor per step uses only "
            + "these."),
        new LineChart("Gradient of the loss with respect to earlier states", "steps back", "norm",
            WithMarkers(rows.SelectMany((row, group) => row.Curves.Select(curve => new LineSeries(
            $"{row.Name}: {curve.State}{(row.Model.NumLayers > 1 ? $" {curve.Layer}" : "")}",
            [.. curve.Norms.Select((norm, i) => (i + 1.0, norm))]) { Group = group, Dashed = curve.State == "cell" }))))
        { LogarithmicY = true },
        new ReportTable(
            "",
            [Text("model"), Text("state"), new ReportColumn("1 step back"), new ReportColumn($"{study.Distance} steps back"),
                new ReportColumn("factor per step"), new ReportColumn("over steps"), new ReportColumn("training perplexity"), Text("note")],
            [.. rows.SelectMany(row => row.Curves.Select(curve => (string[])
            [
                row.Name,
                $"{curve.State} {curve.Layer}",
                ReportFigure.Of(curve.Norms[0]),
                ReportFigure.Of(curve.Norms[^1]),
                double.IsNaN(curve.RatePerStep) ? "" : ReportFigure.Of(curve.RatePerStep),
                ReportFigure.Of(curve.Reach),
                ReportFigure.Of(row.TrainPerplexity),
                row.Problem ?? "",
            ]))]),
    ];

    private ReportPart[] Spectrum() =>
    [
        new Paragraph(
            "The moduli of the eigenvalues of W_hh, largest first, gate by gate: a linear network multiplies its gradient by W_hh at "
            + "every step, so moduli below 1 make it vanish and moduli above 1 make it explode. Gates and squashing functions change "
            + "this; the chart above shows the result."),
        new LineChart("Eigenvalues of W_hh", "rank", "modulus",
            WithMarkers(Series((_, spectrum) => spectrum.Eigenvalues.Select((value, i) => (i + 1.0, value.Magnitude))))),
        new Paragraph("The spectral norm of its powers, which bounds the effect of k steps; in the long run it follows the k-th power of "
            + "the largest modulus."),
        new LineChart("Powers of W_hh", "k", "norm of the k-th power",
            WithMarkers(Series((_, spectrum) => spectrum.Powers.Select(power => ((double)power.Exponent, power.Norm)))))
        {
            LogarithmicY = true,
        },
    ];

    // Curves of one model share its colour: layers and gates are told apart by markers.
    private static LineSeries[] WithMarkers(IEnumerable<LineSeries> series) => [.. series.Select((one, i) => one with { Marker = i })];

    private IEnumerable<LineSeries> Series(Func<GradientRow, GateSpectrum, IEnumerable<(double X, double Y)>> points) =>
        rows.SelectMany((row, group) =>
            row.Spectra.Select(spectrum => new LineSeries($"{row.Name}: {spectrum.Gate} {spectrum.Place}", [.. points(row, spectrum)])
            {
                Group = group,
            }));

    private static IEnumerable<string[]> Norms(GradientRow row) => row.Curves.SelectMany(curve => curve.Norms.Select((norm, i) =>
        Line("gradient-norm", row, $"l{curve.Layer}", curve.State, i + 1, norm)));

    private static IEnumerable<string[]> Eigenvalues(GradientRow row) =>
        row.Spectra.SelectMany(spectrum => spectrum.Eigenvalues.Select((value, i) =>
        Line("eigenvalue", row, spectrum.Place, spectrum.Gate, i + 1, value.Real, value.Imaginary)));

    private static IEnumerable<string[]> Powers(GradientRow row) => row.Spectra.SelectMany(spectrum => spectrum.Powers.Select(power =>
        Line("power-norm", row, spectrum.Place, spectrum.Gate, power.Exponent, power.Norm)));

    private static string[] Line(
        string measure, GradientRow row, string place, string part, int at, double value, double? imaginary = null) =>
        [measure, row.Name, place, part, at.ToString(CultureInfo.InvariantCulture), Whole(value), imaginary is { } y ? Whole(y) : ""];

    private static string Whole(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static ReportColumn Text(string name) => new(name, IsNumber: false);
}

/// <summary>The measurements of one model.</summary>
public sealed record GradientRow
{
    /// <summary>Its name: "lstm, clipped by norm".</summary>
    public required string Name { get; init; }

    /// <summary>Its configuration.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The clipping used in training; null for none.</summary>
    public required ClippingKind? Clipping { get; init; }

    /// <summary>Training perplexity of the last epoch; null if it was not trained.</summary>
    public double? TrainPerplexity { get; init; }

    /// <summary>The error in training, after which the last good weights were measured; null for none.</summary>
    public string? Problem { get; init; }

    /// <summary>The gradients through time.</summary>
    public required IReadOnlyList<FlowCurve> Curves { get; init; }

    /// <summary>The spectrum of the recurrent weights.</summary>
    public required IReadOnlyList<GateSpectrum> Spectra { get; init; }
}

/// <summary>The gradient norm of a loss, step by step back in time.</summary>
/// <param name="Layer">The recurrent layer, from 0.</param>
/// <param name="State">The state: hidden, or the cell state of an LSTM.</param>
/// <param name="Norms">The norm of the gradient with respect to the state 1, 2, 3 and so on steps before the loss, mean over rows.</param>
public sealed record FlowCurve(int Layer, string State, IReadOnlyList<double> Norms)
{
    /// <summary>
    /// The smallest reliable norm: gradients are float32, which ends at 1e-38, so values and products behind smaller norms have lost digits
    /// or are zero.
    /// </summary>
    public const double LeastNorm = 1e-30;

    /// <summary>The largest reliable norm: float32 ends at 3e38.</summary>
    public const double GreatestNorm = 1e30;

    /// <summary>The number of steps, from the first on, whose norms are between 1e-30 and 1e30, where float32 is accurate.</summary>
    public int Reach => Norms.TakeWhile(norm => norm is >= LeastNorm and <= GreatestNorm).Count();

    /// <summary>
    /// The factor by which the gradient changes per step back, a geometric mean over the steps within <see cref="Reach"/>: below 1 it
    /// vanishes, above 1 it explodes. NaN if there are fewer than 2 such steps.
    /// </summary>
    public double RatePerStep => Reach < 2 ? double.NaN : Math.Pow(Norms[Reach - 1] / Norms[0], 1.0 / (Reach - 1));
}

/// <summary>The spectrum of one gate's W_hh: its effect on a vector under repeated multiplication.</summary>
/// <param name="Place">The layer and direction: l0, l0_reverse, l1 and so on.</param>
/// <param name="Gate">The gate.</param>
/// <param name="Eigenvalues">Its eigenvalues, largest modulus first.</param>
/// <param name="Powers">The exponents 1, 2, 4, 8 and so on, with the spectral norm of that power of W_hh.</param>
public sealed record GateSpectrum(
    string Place, string Gate, IReadOnlyList<Complex> Eigenvalues, IReadOnlyList<(int Exponent, double Norm)> Powers)
{
    /// <summary>The spectral radius: in the long run, powers grow or shrink by this factor per step.</summary>
    public double Radius => Eigenvalues[0].Magnitude;
}
