using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus list</c>.</summary>
internal sealed class CorpusListCommand : Verb
{
    private readonly Option<bool> _json = OptionOf.Json();

    public CorpusListCommand()
        : base("list", "List the corpora that can be used by name.") => Add(_json);

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        IReadOnlyList<CorpusStatus> corpora = await CorpusOptions.Store(report).ListAsync(cancellationToken);
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Corpora = corpora.Select(corpus => new
                {
                    corpus.Entry.Name,
                    corpus.Entry.Title,
                    corpus.Entry.Author,
                    corpus.Entry.Licence,
                    corpus.Entry.Attribution,
                    corpus.Entry.Bytes,
                    corpus.Entry.Sha256,
                    State = Choices.NameOf(corpus.State),
                    corpus.Path,
                }),
            }));
            return ExitCode.Done;
        }
        foreach (CorpusStatus corpus in corpora)
        {
            string state = corpus.State switch { CorpusState.Verified => "here", CorpusState.Corrupt => "corrupt", _ => "to fetch" };
            output.WriteLine($"{corpus.Entry.Name,-18}{Figure.Count(corpus.Entry.Bytes),11} bytes  {state,-9}{corpus.Entry.Title}, "
                + $"{corpus.Entry.Author} ({corpus.Entry.Licence})");
        }
        return ExitCode.Done;
    }
}
