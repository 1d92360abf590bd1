using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus get</c>.</summary>
internal sealed class CorpusGetCommand : Verb
{
    private readonly Argument<string> _name = new("name") { HelpName = "name", Description = "A corpus by name (charlm corpus list)." };
    private readonly Option<string?> _out = OptionOf.Text(
        "--out", "FILE", "Also copy it to this file, and print that path. [default: none]");
    private readonly Option<bool> _json = OptionOf.Json();

    public CorpusGetCommand()
        : base("get", "Download a corpus into the cache, verify it, and print its path.")
    {
        _name.CompletionSources.Add(_ => CorpusOptions.Names());
        Add(_name);
        Add(_out);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        CorpusFile file = await CorpusOptions.Store(report).GetAsync(parse.GetRequiredValue(_name), cancellationToken);
        string path = file.Path;
        if (parse.GetValue(_out) is { } copy)
        {
            OutputFile.Copy(file.Path, copy);
            path = Path.GetFullPath(copy);
        }
        if (file.Entry.Attribution is { } attribution)
            ErrorLine.Write(parse.InvocationConfiguration.Error, $"{file.Entry.Name}: {attribution}");
        parse.InvocationConfiguration.Output.WriteLine(parse.GetValue(_json)
            ? JsonOutput.Line(
                new { file.Entry.Name, file.Entry.Attribution, Path = path, file.Entry.Bytes, file.Entry.Sha256, file.Source })
            : path);
        return ExitCode.Done;
    }
}
