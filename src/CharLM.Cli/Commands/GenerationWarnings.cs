using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Generation;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary>Warnings about a text before a model continues it.</summary>
internal sealed class GenerationWarnings(TextGenerator generator, TextConfig text, TextWriter error)
{
    private const int MostNamed = 10;

    /// <summary>Warns of tokens that the model does not know.</summary>
    /// <exception cref="InvalidConfigException">It knows none of them.</exception>
    public void AboutText(string prefix)
    {
        if (generator.UnknownIn(prefix) is not { Count: > 0 } unknown)
            return;
        string some = Some(unknown),
            learned = $"it learned {Choices.NameOf(text.Token)} tokens of a text cleaned as '{Choices.NameOf(text.Cleaning)}'";
        if (!generator.KnowsSomeOf(prefix))
            throw new InvalidConfigException([$"the model knows no token of the prefix, {some}; {learned}"]);
        ErrorLine.Write(error, $"warning: the model does not know {some} and reads them as {Vocab.Unknown}; {learned}");
    }

    /// <summary>Warns of a bidirectional model, which is not a language model.</summary>
    public void AboutModel(ISavedModel saved)
    {
        if (saved is Checkpoint { Model.LeakLabel: not null })
            ErrorLine.Write(error,
                "warning: the model is bidirectional: it was trained to see the following tokens, which generation does not have");
    }

    /// <summary>Warns of stop strings that the model can never generate.</summary>
    public void AboutStops(IReadOnlyList<string> stops)
    {
        foreach (string stop in stops)
        {
            if (generator.UnwritableIn(stop) is { Count: > 0 } unknown)
                ErrorLine.Write(error,
                    $"warning: the model never writes {Some([.. unknown.Select(rune => rune.ToString())])}: it will not stop at "
                        + $"'{Printable.Text(stop)}'");
        }
    }

    /// <summary>The first tokens in quotes, and the number of further ones.</summary>
    public static string Some(IReadOnlyList<string> tokens) =>
        string.Join(", ", tokens.Take(MostNamed).Select(token => $"'{Printable.Text(token)}'"))
            + (tokens.Count > MostNamed ? $" and {tokens.Count - MostNamed} more" : "");
}
