using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus show</c>.</summary>
internal sealed class CorpusShowCommand : Verb
{
    private const int MostFrequent = 20;
    private const int FirstLines = 5;
    private const int WidestLine = 120;

    private readonly Argument<string> _name = new("name")
    {
        HelpName = "name",
        Description = "A corpus of the catalog, a UTF-8 file, or - for standard input.",
        DefaultValueFactory = _ => CorpusResolver.Auto,
    };
    private readonly TextOptions _text = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public CorpusShowCommand()
        : base("show", "Show what a corpus looks like: size, characters, vocab, frequent tokens, first lines.")
    {
        _name.CompletionSources.Add(_ => [CorpusResolver.Auto, .. CorpusOptions.Names()]);
        Add(_name);
        _text.AddTo(this, splits: false);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        TextConfig config = _text.Apply(parse, new TextConfig { MaxTokens = 0 });
        config.Validate();
        CorpusText corpus = await CorpusOptions.ReadAsync(parse, parse.GetRequiredValue(_name), cancellationToken);
        TokenizedText text = TokenizedText.From(corpus.Text, config);
        List<TokenCount> frequent = [.. text.Vocab.Tokens.Zip(text.Vocab.Frequencies, (token, count) => new TokenCount(token, count))
            .Where(count => count.Count > 0).Take(MostFrequent)];
        List<string> lines = [.. corpus.Text.Split('\n', FirstLines + 1).Take(FirstLines).Select(line => line.TrimEnd('\r'))];
        int characters = CharTokenizer.Length(corpus.Text);
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                corpus.Origin.Name,
                corpus.Origin.Location,
                corpus.Origin.Sha256,
                corpus.Origin.Bytes,
                Characters = characters,
                Cleaning = Choices.NameOf(config.Cleaning),
                Token = Choices.NameOf(config.Token),
                Tokens = text.NumTokensOfCorpus,
                VocabSize = text.Vocab.Count,
                Frequent = frequent.Select(count => new { count.Token, count.Count }),
                FirstLines = lines,
            }));
            return ExitCode.Done;
        }
        output.WriteLine($"{corpus.Origin.Name}  {corpus.Origin.Location}");
        output.WriteLine(
            $"{Figure.Count(corpus.Origin.Bytes)} bytes, {Figure.Count(characters)} characters, SHA-256 {corpus.Origin.Sha256}");
        output.WriteLine($"cleaned as {Choices.NameOf(config.Cleaning)}, {Choices.NameOf(config.Token)} tokens: "
            + $"{Figure.Count(text.NumTokensOfCorpus)}, vocab {Figure.Count(text.Vocab.Count)}");
        IEnumerable<string> shown = frequent.Select(
            count => $"{(count.Token == " " ? "' '" : Printable.Text(count.Token, WidestLine))} {Figure.Count(count.Count)}");
        output.WriteLine($"most frequent: {string.Join("  ", shown)}");
        output.WriteLine("first lines:");
        foreach (string line in lines)
            output.WriteLine($"  {Printable.Text(line, WidestLine)}");
        return ExitCode.Done;
    }
}
