using System.Text.Json;
using CharLM.Workbench.Reports.Html;

namespace CharLM.Workbench.Inspection;

/// <summary>
/// Renders a page that colours a text by the activation of any unit or gate, and ranks the units by how well they follow lines, quotes and
/// words (after Karpathy, Johnson and Li 2015, "Visualizing and understanding recurrent networks"). The page is one file and needs no
/// network.
/// </summary>
public static class ActivationPage
{
    private const int MostRanks = 12;
    private static readonly string Script = HtmlPage.Resource("CharLM.Workbench.Inspection.activations.js");

    private const string Body = """
        <div class="controls">
        <label>part <select id="series"></select></label>
        <label>unit <input id="unit" type="number" min="0" value="0"></label>
        <button id="previous" type="button">previous</button>
        <button id="next" type="button">next</button>
        <span><span class="n12">low</span> 0 (gate: 0.5) <span class="s12">high</span></span>
        </div>
        <pre class="shaded" id="text"></pre>
        <p>Each character is coloured by the unit's value after reading it. Below, the units that follow a feature of the text best
        (Pearson's correlation over this text); on a short text, a unit may rank high by chance.</p>
        <div class="rankings" id="rankings"></div>

        """;

    /// <summary>Renders the page as HTML.</summary>
    /// <param name="trace">The activations.</param>
    /// <param name="title">The model's name.</param>
    public static string Render(ActivationTrace trace, string title)
    {
        ArgumentNullException.ThrowIfNull(trace);
        // Foreign text is data: escaped here, and inserted by the page as text, never as HTML.
        string data = JsonSerializer.Serialize(Data(trace), JsonSerializerOptions.Web);
        using var writer = new StringWriter { NewLine = "\n" };
        new HtmlPage(title, Script).Write(writer, body =>
            body.Write($"{Body}<script type=\"application/json\" id=\"data\">{data}</script>\n"));
        return writer.ToString();
    }

    private static object Data(ActivationTrace trace) => new
    {
        trace.Tokens,
        Series = trace.Series.Select(series => new { series.Name, series.Units, Values = Convert.ToBase64String(Bytes(series)) }),
        Rankings = TextFeature.Of(trace.Tokens).Select(feature => new
        {
            Feature = feature.Name,
            Units = UnitRank.Best(trace.Series, feature, MostRanks)
                .Select(rank => new { rank.Series, rank.Unit, Correlation = Math.Round(rank.Correlation, 3) }),
        }),
    };

    // One byte per value is enough for colours: -1 to 1 (relu: up to the maximum) becomes -127 to 127.
    private static byte[] Bytes(ActivationSeries series)
    {
        float scale = 1;
        foreach (float value in series.Values.Span)
            scale = MathF.Max(scale, MathF.Abs(value));
        var bytes = new byte[series.Values.Length];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(sbyte)MathF.Round(127 * series.Values.Span[i] / scale);
        return bytes;
    }
}
