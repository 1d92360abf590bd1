using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus cache</c>.</summary>
internal sealed class CorpusCacheCommand : Verb
{
    private readonly Option<bool> _clear = new("--clear")
    {
        Description = "Remove them; a text is prepared again when it is next used. Downloaded corpora stay.",
    };
    private readonly Option<bool> _json = OptionOf.Json();

    public CorpusCacheCommand()
        : base("cache", "List the texts kept as token ids because they exceed 64 MiB, or remove them.")
    {
        Add(_clear);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm corpus cache", "the texts and their sizes"),
        ("charlm corpus cache --clear", "free their space"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        bool clears = parse.GetValue(_clear);
        IReadOnlyList<IdCacheEntry> entries = CorpusOptions.Store(report).Settings.CacheDirectory is not { } cache ? []
            : clears ? IdCache.Clear(cache) : IdCache.List(cache);
        TextWriter output = parse.InvocationConfiguration.Output;
        long bytes = entries.Sum(entry => entry.Bytes);
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Texts = entries.Select(entry => new { entry.Path, entry.Bytes, entry.Text, entry.How, entry.Tokens }),
                Bytes = bytes,
                Removed = clears,
            }));
            return Task.FromResult(ExitCode.Done);
        }
        foreach (IdCacheEntry entry in entries)
        {
            string what = entry is { Text: { } text, How: { } how, Tokens: { } tokens }
                ? $"{Printable.Text(text)} ({how}), {Figure.Count(tokens)} tokens" : "cannot be used";
            output.WriteLine($"{Figure.Count(entry.Bytes),15} bytes  {what}  {Printable.Text(entry.Path)}");
        }
        output.WriteLine($"{entries.Count} text{(entries.Count == 1 ? "" : "s")}, {Figure.Bytes(bytes)}{(clears ? ": removed" : "")}");
        return Task.FromResult(ExitCode.Done);
    }
}
