using System.CommandLine;
using CharLM.Cli.Streams;
using CharLM.Pairs;

namespace CharLM.Cli.Options;

/// <summary>What a trained model of pairs is given: one text, or the lines of a file.</summary>
internal sealed class PairInputOptions
{
    private const string StandardInput = "-";

    private readonly Option<string?> _text = OptionOf.Text("--text", "TEXT", "One source.");
    private readonly Option<string?> _input = OptionOf.Text(
        "--input", "FILE|-", "A source a line, up to a tab if there is one; - is standard input.");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_text);
        command.Add(_input);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_text) is null == result.GetResult(_input) is null)
                result.AddError("give --text or --input, one of the two");
        });
    }

    /// <summary>The sources.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="faultOf">What is wrong with a source; null when nothing is.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidConfigException">The one text has an error.</exception>
    /// <exception cref="PairFileException">A line has an error.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(
        ParseResult parse, Func<string, string?> faultOf, CancellationToken cancellationToken)
    {
        if (parse.GetValue(_text) is { } text)
        {
            InvalidConfigException.ThrowIfAny(faultOf(text) is { } error ? [error] : []);
            return [text];
        }
        string path = parse.GetValue(_input)!;
        using Stream? input = path == StandardInput ? StandardStreams.OpenInput() : null;
        // Standard input cannot be cancelled while it blocks: Ctrl+C leaves it behind.
        return await PairFile.ReadSourcesAsync(path, input, faultOf, cancellationToken).WaitAsync(cancellationToken);
    }
}
