using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Cli.Streams;
using CharLM.Pairs;

namespace CharLM.Cli.Options;

/// <summary>The input of a trained model on pairs: one text, or the lines of a file.</summary>
internal sealed class PairInputOptions
{
    private const string StandardInput = "-";

    private readonly Argument<string?> _words = new("text")
    {
        HelpName = "text",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "One text, in quotes. [default: none; then --input]",
    };
    private readonly Option<string?> _text = OptionOf.Text("--text", "TEXT", "Give the text here instead. [default: none]");
    private readonly Option<string?> _input = OptionOf.Text(
        "--input", "FILE|-", "File with one text per line, up to a tab if there is one; - is standard input. [default: none]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_words);
        command.Add(_text);
        command.Add(_input);
        command.Validators.Add(result =>
        {
            int given = new SymbolResult?[] { result.GetResult(_text), result.GetResult(_input), result.GetResult(_words) }
                .Count(one => one is not (null or ArgumentResult { Tokens.Count: 0 }));
            if (given != 1)
                result.AddError("give a text, --text or --input: exactly one of them");
        });
    }

    /// <summary>The sources.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="faultOf">The error in a source; null if it is valid.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidConfigException">The one text has an error.</exception>
    /// <exception cref="PairFileException">A line has an error.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(
        ParseResult parse, Func<string, string?> faultOf, CancellationToken cancellationToken)
    {
        string? words = parse.GetValue(_words);
        if (words is not null && WrongFile.ExplainWords(words, "--text", "--input reads texts from a file") is { } file)
            throw new InvalidConfigException([file]);
        if ((words ?? parse.GetValue(_text)) is { } text)
        {
            InvalidConfigException.ThrowIfAny(faultOf(text) is { } error ? [error] : []);
            return [text];
        }
        string path = parse.GetValue(_input)!;
        using Stream? input = path == StandardInput ? StandardStreams.OpenInput() : null;
        // A blocking read of standard input cannot be cancelled: Ctrl+C abandons it.
        return await PairFile.ReadSourcesAsync(path, input, faultOf, cancellationToken).WaitAsync(cancellationToken);
    }
}
