using CharLM.Pairs;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary>Warnings about texts before a model on pairs reads them.</summary>
/// <param name="vocab">The model's vocabs.</param>
/// <param name="error">Receives the warnings.</param>
internal sealed class PairWarnings(PairVocab vocab, TextWriter error)
{
    /// <summary>Warns, once for all sources, of characters that the model does not know.</summary>
    public void AboutSources(IEnumerable<string> sources) =>
        Warn(vocab.UnknownInSources(sources), $"does not know {{0}} and reads them as {Vocab.Unknown}");

    /// <summary>Warns, once for all targets, of characters that the model can never generate.</summary>
    public void AboutTargets(IEnumerable<string> targets) =>
        Warn(vocab.UnknownInTargets(targets), "never writes {0}: such targets cannot be right");

    private void Warn(IReadOnlyList<TokenCount> unknown, string what)
    {
        if (unknown.Count > 0)
            ErrorLine.Write(error,
                "warning: the model "
                    + what.Replace("{0}", GenerationWarnings.Some([.. unknown.Select(count => count.Token)]), StringComparison.Ordinal));
    }
}
