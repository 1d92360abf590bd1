using System.Globalization;
using System.Numerics;
using CharLM.Models;
using CharLM.Training;
using CharLM.Workbench.Reports;

namespace CharLM.Workbench.Gradients;

/// <summary>A study's figures as a page with charts, and as one table for programs.</summary>
/// <param name="rows">What was measured.</param>
/// <param name="corpus">The text's name.</param>
/// <param name="study">What it was measured with.</param>
public sealed class GradientReport(IReadOnlyList<GradientRow> rows, string corpus, GradientStudy study)
{
    /// <summary>The page.</summary>
    public Report Page() => new("Gradients back in time",
    [
        new ReportSection("How far the loss reaches", Flow()),
        new ReportSection("Recurrent weights", Spectrum()),
    ]);

    /// <summary>
    /// Every figure, one a line: of gradients the norm at each distance, of W_hh its eigenvalues and the norms of its powers.
    /// </summary>
    public ReportTable Figures() => new(
        "",
        [Text("measure"), Text("model"), Text("place"), Text("part"), new ReportColumn("at"), new ReportColumn("value"),
            new ReportColumn("imaginary")],
        [.. rows.SelectMany(row => Norms(row).Concat(Eigenvalues(row)).Concat(Powers(row)))]);

    private ReportPart[] Flow() =>
    [
        new Paragraph(
            $"The norm of the gradient of the loss at one step with respect to the state so many steps before, mean over {study.Rows} "
                + $"places of {corpus}. "
            + "A straight line that falls is a gradient that vanishes by the same factor at every step, one that rises a gradient that "
            + "explodes. "
            + "It is computed in float32, which holds norms of 1e-30 to 1e30 with all their digits: the factor a step is that of the steps "
            + "within."),
        new LineChart("Gradient of the loss with respect to earlier states", "steps back", "norm",
            [.. rows.SelectMany((row, group) => row.Curves.Select(curve => new LineSeries(
            $"{row.Name}: {curve.State}{(row.Model.NumLayers > 1 ? $" {curve.Layer}" : "")}",
            [.. curve.Norms.Select((norm, i) => (i + 1.0, norm))]) { Group = group, Dashed = curve.State == "cell" }))])
        { LogarithmicY = true },
        new ReportTable(
            "",
            [Text("model"), Text("state"), new ReportColumn("1 step back"), new ReportColumn($"{study.Distance} steps back"),
                new ReportColumn("factor a step"), new ReportColumn("over steps"), new ReportColumn("training perplexity"), Text("note")],
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
            "The moduli of the eigenvalues of W_hh, the greatest first, gate by gate: a linear network multiplies its gradient with W_hh "
                + "at every step, "
            + "so that what lies below 1 vanishes and what lies above 1 explodes. Gates and squashing functions change this; the chart "
            + "above shows what is left of it."),
        new LineChart("Eigenvalues of W_hh", "rank", "modulus",
            [.. Series((_, spectrum) => spectrum.Eigenvalues.Select((value, i) => (i + 1.0, value.Magnitude)))]),
        new Paragraph("The spectral norm of its powers, which bounds what k steps can do; in the long run it follows the k-th power of the "
            + "greatest modulus."),
        new LineChart("Powers of W_hh", "k", "norm of the k-th power",
            [.. Series((_, spectrum) => spectrum.Powers.Select(power => ((double)power.Exponent, power.Norm)))])
        {
            LogarithmicY = true,
        },
    ];

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

/// <summary>How much of a loss's gradient is left, step after step back in time.</summary>
/// <param name="Layer">Which recurrent layer, from 0.</param>
/// <param name="State">Which state of it: hidden, or the cell state of an LSTM.</param>
/// <param name="Norms">
/// The norm of the gradient with respect to the state 1, 2, 3 and so on steps before the loss, mean over rows.
/// </param>
public sealed record FlowCurve(int Layer, string State, IReadOnlyList<double> Norms)
{
    /// <summary>
    /// Gradients are computed in float32, which ends at 1e-38: the values that make a smaller norm, and the products on their way,
    /// have lost digits or are zero.
    /// </summary>
    public const double LeastNorm = 1e-30;

    /// <summary>The same upwards: float32 ends at 3e38.</summary>
    public const double GreatestNorm = 1e30;

    /// <summary>How many steps back float32 holds the gradient, from the first on: norms of 1e-30 to 1e30.</summary>
    public int Reach => Norms.TakeWhile(norm => norm is >= LeastNorm and <= GreatestNorm).Count();

    /// <summary>
    /// What the gradient is multiplied by at each step on the way back, a geometric mean over the steps within <see cref="Reach"/>:
    /// below 1 it vanishes, above it explodes. NaN when that is fewer than 2.
    /// </summary>
    public double RatePerStep => Reach < 2 ? double.NaN : Math.Pow(Norms[Reach - 1] / Norms[0], 1.0 / (Reach - 1));
}

/// <summary>What W_hh of one gate does to a vector that it is multiplied with again and again.</summary>
/// <param name="Place">Which layer and direction: l0, l0_reverse, l1 and so on.</param>
/// <param name="Gate">Which gate.</param>
/// <param name="Eigenvalues">Its eigenvalues, the greatest modulus first.</param>
/// <param name="Powers">The exponents 1, 2, 4, 8 and so on, with the spectral norm of that power of W_hh.</param>
public sealed record GateSpectrum(
    string Place, string Gate, IReadOnlyList<Complex> Eigenvalues, IReadOnlyList<(int Exponent, double Norm)> Powers)
{
    /// <summary>The greatest modulus: in the long run, powers grow or shrink by it at every step.</summary>
    public double Radius => Eigenvalues[0].Magnitude;
}
