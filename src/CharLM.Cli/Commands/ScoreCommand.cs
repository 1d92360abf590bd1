using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm score</c>.</summary>
internal sealed class ScoreCommand : Verb
{
    private readonly Argument<string> _file = new("file")
    {
        HelpName = "file",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A UTF-8 file, or - for standard input.",
        DefaultValueFactory = _ => CorpusResolver.StandardInput,
    };
    private readonly SavedModelOptions _model = new();
    private readonly Option<bool> _perChar = new("--per-char")
    {
        Description = "A line for each character (word, for a word model) instead: line, position, character, nats, bits, separated by "
            + "tabs.",
    };
    private readonly Option<bool> _carryState = new("--carry-state")
    {
        Description = "Read each line after those before it, as one text, instead of on its own.",
    };
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON object for each line instead." };

    public ScoreCommand()
        : base("score", "Tell how much each line of a text surprises a model: its nats, its bits per character, and the line, separated by "
            + "tabs.")
    {
        Add(_file);
        _model.AddTo(this);
        foreach (Option option in new Option[] { _perChar, _carryState })
            Add(option);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(
            [.. _runtime.Errors(parse), .. parse.GetValue(_json) && parse.GetValue(_perChar)
                ? ["json has all characters of a line already: leave --per-char out"] : Array.Empty<string>()]);
        string path = _model.Path(parse), file = parse.GetRequiredValue(_file);
        ISavedModel saved = ModelFile.Read(path);
        using Stream input = Open(file);
        using ILanguageModel model = saved is NGramCheckpoint ? saved.Open() : saved.Open(_runtime.Use(parse), _runtime.Threads(parse));
        using var scorer = new LineScorer(model, saved.Text, saved.Vocab, parse.GetValue(_carryState));
        string location = file == CorpusResolver.StandardInput ? "standard input" : file;
        // Standard input cannot be cancelled while it blocks: Ctrl+C leaves it behind.
        return await Task.Run(() => Score(parse, scorer, LineReader.Read(input, location), location, cancellationToken), cancellationToken)
            .WaitAsync(cancellationToken);
    }

    private static Stream Open(string file)
    {
        if (file == CorpusResolver.StandardInput)
            return StandardStreams.OpenInput();
        try
        {
            return SharedFile.OpenRead(file);
        }
        catch (UnauthorizedAccessException e) when (Directory.Exists(file))
        {
            throw new IOException($"{file}: is a folder, not a file", e);
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"{file}: there is no such file", e);
        }
    }

    private int Score(
        ParseResult parse, LineScorer scorer, IEnumerable<TextLine> lines, string location, CancellationToken cancellationToken)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        (bool json, bool perChar) = (parse.GetValue(_json), parse.GetValue(_perChar));
        long number = 0, tokens = 0, unknown = 0, content = 0, knownContent = 0;
        foreach (TextLine line in lines)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (perChar && number == 0)
                output.WriteLine("line\tposition\tcharacter\tnats\tbits");
            LineScore score = scorer.Score(line, cancellationToken);
            number++;
            tokens += score.Tokens.Count;
            unknown += score.Unknown;
            // Every text has line ends: they alone are none, and know none.
            int[] ids = [.. score.Tokens.Zip(score.Ids).Where(pair => pair.First is not ("\n" or "\r")).Select(pair => pair.Second)];
            content += ids.Length;
            knownContent += ids.Count(id => id != Vocab.UnknownId);
            if (json)
                output.WriteLine(JsonOutput.Line(Row(number, line.Text, score)));
            else if (perChar)
                PrintEach(output, number, score);
            else
                output.WriteLine($"{Number(NatsOf(score))}\t{Number(score.BitsPerCharacter)}\t{Printable.Text(line.Text)}");
        }
        if (knownContent == 0)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error, content == 0
                ? $"{location} has no text to score"
                : $"vocab mismatch: none of the {Figure.Count(content)} tokens of {location} is in the model's vocab");
            return ExitCode.Failed;
        }
        if (unknown > 0)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: {Figure.Count(unknown)} of {Figure.Count(tokens)} tokens are read as {Vocab.Unknown}");
        return ExitCode.Done;
    }

    private static void PrintEach(TextWriter output, long line, LineScore score)
    {
        for (int i = 0; i < score.Tokens.Count; i++)
            output.WriteLine(
                $"{line}\t{i + 1}\t{Printable.Text(score.Tokens[i])}\t{Number(score.Nats[i])}\t{Number(score.Nats[i] / Math.Log(2))}");
    }

    private static object Row(long number, string text, LineScore score) => new
    {
        Line = number,
        Nats = score.Total.Total,
        BitsPerCharacter = score.Characters == 0 ? (double?)null : score.BitsPerCharacter,
        score.Characters,
        score.Unknown,
        Text = text,
        Tokens = score.Tokens.Zip(score.Nats, (token, nats) => new { Token = token, Nats = float.IsFinite(nats) ? nats : (float?)null }),
    };

    // As programs that read tables write it: nan where there is nothing to tell.
    // Nothing was predicted of a line that the cleaning leaves nothing of.
    private static double NatsOf(LineScore score) => score.Characters == 0 ? double.NaN : score.Total.Total;

    private static string Number(double value) => double.IsNaN(value) ? "nan" : value.ToString("0.0000");
}
