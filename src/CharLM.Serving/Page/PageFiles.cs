using System.Reflection;
using System.Text;
using CharLM.Workbench.Reports.Html;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Page;

/// <summary>The parts of the page, from the assembly: it loads nothing from anywhere else.</summary>
internal static class PageFiles
{
    /// <summary>Lets a browser run and load nothing but the page's own parts, so that no text in it can become code.</summary>
    public const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly Dictionary<string, (string Type, byte[] Content)> Parts = Load();

    /// <summary>Whether a path is that of a part.</summary>
    public static bool Has(string path) => Parts.ContainsKey(path);

    /// <summary>Answers with a part.</summary>
    public static async Task RespondAsync(HttpContext context, string path)
    {
        (string type, byte[] content) = Parts[path];
        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static Dictionary<string, (string Type, byte[] Content)> Load()
    {
        const string Script = "text/javascript; charset=utf-8";
        return new Dictionary<string, (string Type, byte[] Content)>
        {
            ["/"] = ("text/html; charset=utf-8", Resource("index.html")),
            ["/page.css"] = ("text/css; charset=utf-8", Resource("page.css")),
            ["/icon.svg"] = ("image/svg+xml", Resource("icon.svg")),
            ["/shared.js"] = (Script, Resource("shared.js")),
            ["/tokens.js"] = (Script, Resource("tokens.js")),
            ["/play.js"] = (Script, Resource("play.js")),
            ["/runs.js"] = (Script, Resource("runs.js")),
            // Without npm the build has no chart library, and the page shows tables.
            ["/chart.js"] = (Script, Encoding.UTF8.GetBytes(ChartLibrary.Embedded?.Scripts[0] ?? "")),
        };
    }

    private static byte[] Resource(string name)
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        using Stream stream = assembly.GetManifestResourceStream($"CharLM.Serving.Page.{name}")
            ?? throw new InvalidOperationException($"the assembly lacks {name}");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
