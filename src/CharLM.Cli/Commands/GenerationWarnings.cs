using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Generation;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary>What a user should know about a text before a model continues it.</summary>
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

    /// <summary>Warns of a model that is no language model.</summary>
    public void AboutModel(ISavedModel saved)
    {
        if (saved is Checkpoint { Model.LeakLabel: not null })
            ErrorLine.Write(error,
                "warning: the model is bidirectional: it learned to see the tokens that follow, and has none to see when it writes");
    }

    /// <summary>Warns of strings that the model can never write.</summary>
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

    /// <summary>The first tokens in quotes, and how many more there are.</summary>
    public static string Some(IReadOnlyList<string> tokens) =>
        string.Join(", ", tokens.Take(MostNamed).Select(token => $"'{Printable.Text(token)}'"))
            + (tokens.Count > MostNamed ? $" and {tokens.Count - MostNamed} more" : "");
}
