using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CharLM.Workbench.Inspection;

/// <summary>
/// Renders a page that colours a text by the activation of any unit or gate, and ranks the units by how well they follow lines, quotes and
/// words (after Karpathy, Johnson and Li 2015, "Visualizing and understanding recurrent networks"). The page is one file and needs no
/// network.
/// </summary>
public static partial class ActivationPage
{
    private const int MostRanks = 12;
    private const string Template = "CharLM.Workbench.Inspection.activations.html";

    /// <summary>Renders the page as HTML.</summary>
    /// <param name="trace">The activations.</param>
    /// <param name="title">The model's name.</param>
    public static string Render(ActivationTrace trace, string title)
    {
        ArgumentNullException.ThrowIfNull(trace);
        using Stream stream = typeof(ActivationPage).Assembly.GetManifestResourceStream(Template)
            ?? throw new InvalidOperationException($"the library lacks its part {Template}");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        // Foreign text is data: escaped here, and inserted by the page as text, never as HTML. Both places are replaced in one pass, so
        // that a title containing {{data}} stays a title.
        string data = JsonSerializer.Serialize(Data(trace), JsonSerializerOptions.Web);
        return Place().Replace(reader.ReadToEnd(), place => place.Value == "{{title}}" ? WebUtility.HtmlEncode(title) : data);
    }

    [GeneratedRegex(@"\{\{(title|data)\}\}")]
    private static partial Regex Place();

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
