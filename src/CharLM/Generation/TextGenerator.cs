using System.Text;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>Continues texts with a model.</summary>
/// <remarks>Thread safety: any number of threads, even with one model.</remarks>
/// <param name="model">The model.</param>
/// <param name="vocab">Its vocab.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="endId">The id that ends a document; default null: the model has no documents.</param>
public sealed class TextGenerator(ILanguageModel model, Vocab vocab, Tokenizer tokenizer, int? endId = null)
{
    /// <summary>
    /// The distinct tokens of a prefix that are not in the vocab; the model reads them as <see cref="Vocab.Unknown"/>.
    /// </summary>
    public IReadOnlyList<string> UnknownIn(string prefix) =>
        [.. tokenizer.Tokenize(prefix).Where(token => vocab[token] == Vocab.UnknownId).Distinct()];

    /// <summary>Whether at least one token of a text is in the vocab.</summary>
    public bool KnowsSomeOf(string text) => tokenizer.Tokenize(text).Any(token => vocab[token] != Vocab.UnknownId);

    /// <summary>The distinct characters of a text that no token contains, so that the model never writes them.</summary>
    public IReadOnlyList<Rune> UnwritableIn(string text)
    {
        HashSet<Rune> writable = [.. vocab.Tokens.Where(token => !tokenizer.IsReserved(token)).Append(tokenizer.TokenSeparator)
            .SelectMany(token => token.EnumerateRunes())];
        return [.. text.EnumerateRunes().Where(rune => !writable.Contains(rune)).Distinct()];
    }

    /// <summary>Opens a session with an empty text.</summary>
    /// <inheritdoc cref="GenerationSession(ILanguageModel, Vocab, Tokenizer, GenerationConfig, int?)"/>
    public GenerationSession Open(GenerationConfig config) => new(model, vocab, tokenizer, config, endId);

    /// <summary>Continues a prefix and yields each piece of new text as soon as it is final.</summary>
    /// <param name="prefix">The text to continue: at least one token, unless the model has documents.</param>
    /// <param name="length">Tokens to add, 0 or more.</param>
    /// <param name="sampler">Chooses each token; not shared with another text.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="InvalidConfigException">The prefix is empty, or the length above 100,000,000.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="GenerationException">No token can be chosen.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IEnumerable<string> Continue(string prefix, int length, TokenSampler sampler, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (endId is null && !tokenizer.Tokenize(prefix).Any())
            throw new InvalidConfigException(["the prefix is empty: give at least one token to continue"]);
        return length == 0 ? [] : Pieces(prefix, new GenerationConfig { Length = length }, sampler, cancellationToken);
    }

    private IEnumerable<string> Pieces(string prefix, GenerationConfig config, TokenSampler sampler, CancellationToken cancellationToken)
    {
        using var session = new GenerationSession(model, vocab, tokenizer, config, endId, sampler);
        session.Read(prefix);
        foreach (TextPiece piece in session.Continue(cancellationToken))
            yield return piece.Text;
    }
}
