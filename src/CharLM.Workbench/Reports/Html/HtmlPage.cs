using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace CharLM.Workbench.Reports.Html;

/// <summary>
/// A self-contained HTML page: style and scripts are inline, and a content security policy with their hashes lets a browser run nothing
/// else and load nothing, so that no text in the page can become code.
/// </summary>
/// <remarks>
/// Colours are classes, not style attributes, which the policy forbids: <c>s0</c> to <c>s12</c> from pale to dark, and
/// <c>n1</c> to <c>n12</c> for values below zero.
/// </remarks>
/// <param name="title">The page's title and first heading.</param>
/// <param name="scripts">The scripts, run in this order after the body is parsed.</param>
public sealed class HtmlPage(string title, params IReadOnlyList<string> scripts)
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);
    private static readonly string Style = Resource("CharLM.Workbench.Reports.Html.page.css");

    /// <summary>Encodes text for an element or a quoted attribute.</summary>
    public static string Encode(string text) => Encoder.Encode(text);

    /// <summary>Writes the page.</summary>
    /// <param name="writer">Receives the page; its encoding must be UTF-8.</param>
    /// <param name="body">Writes the content under the first heading, as HTML.</param>
    public void Write(TextWriter writer, Action<TextWriter> body)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(body);
        string allowed = scripts.Count == 0 ? "'none'" : string.Join(' ', scripts.Select(Hash));
        string policy = $"default-src 'none'; style-src {Hash(Style)}; script-src {allowed}; base-uri 'none'; form-action 'none'";
        writer.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{policy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{Encode(title)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <h1>{Encode(title)}</h1>

            """);
        body(writer);
        foreach (string script in scripts)
            writer.Write($"<script>{script}</script>\n");
        writer.Write("</body>\n</html>\n");
    }

    /// <summary>An embedded text with line feeds, to which browsers normalize all line ends before hashing.</summary>
    internal static string Resource(string name)
    {
        using Stream stream = typeof(HtmlPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the assembly lacks {name}");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static string Hash(string content) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}'";
}
