using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Checkpoints;
using CharLM.Cli.Errors;
using CharLM.Cli.Streams;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;

namespace CharLM.Cli.Options;

/// <summary>The option <c>--html [FILE]</c> of verbs that also write a page.</summary>
/// <param name="file">The page's name if none is given.</param>
/// <param name="shows">What the page shows, after "Also write a page".</param>
internal sealed class PageOption(string file, string shows)
{
    private const string Name = "--html";
    private static readonly string[] Beginnings = ["<!doctype html", "<html"];

    /// <summary>The option.</summary>
    public Option<string?> Option { get; } = Make(file, shows);

    /// <summary>The page's file, which can be written; null if no page is wanted.</summary>
    /// <exception cref="InvalidConfigException">The file exists and is no page: a text, probably.</exception>
    /// <exception cref="CheckpointException">It cannot be written.</exception>
    public string? FileOf(ParseResult parse)
    {
        if (parse.GetResult(Option) is null)
            return null;
        string path = parse.GetValue(Option) ?? file;
        if (File.Exists(path) && !IsPage(path))
            throw new InvalidConfigException(
                [$"'{path}' exists and is no page, so {Name} does not replace it: give another name, or put {Name} last"]);
        OutputFile.Probe(path);
        return path;
    }

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="report">The page.</param>
    /// <param name="error">Receives a warning if the build has no charts.</param>
    public static void Write(string path, Report report, TextWriter error)
    {
        if (report.Sections.SelectMany(section => section.Parts).Any(part => part is LineChart or HeatMap))
            WarnIfNoCharts(error);
        OutputFile.Write(path, writer => HtmlReport.Write(report, writer, ChartLibrary.Embedded));
    }

    /// <summary>Says that a page with charts will have none, if this build lacks them.</summary>
    public static void WarnIfNoCharts(TextWriter error)
    {
        if (ChartLibrary.Embedded is null)
            ErrorLine.Write(error,
                "warning: this build has no charts, since npm was missing when it was built: the page shows tables instead");
    }

    /// <summary>The line that names the page.</summary>
    public static string Describe(string path) => $"page: {Printable.Text(path)}; open it in a browser";

    private static Option<string?> Make(string file, string shows) => new(Name)
    {
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
        Description = $"Also write a page {shows}; without a name to {file}. [default: none]",
        CustomParser = result =>
        {
            if (result.Tokens is [{ Value.Length: 0 }])
                result.AddError($"{Name} is empty; it takes FILE");
            return result.Tokens is [{ Value: var name }] ? name : null;
        },
    };

    // Only the beginning: the file may be of any size.
    private static bool IsPage(string path)
    {
        try
        {
            var beginning = new char[64];
            using var reader = new StreamReader(SharedFile.OpenRead(path));
            int length = reader.ReadBlock(beginning);
            string text = new string(beginning, 0, length).TrimStart();
            return text.Length == 0 || Beginnings.Any(one => text.StartsWith(one, StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
