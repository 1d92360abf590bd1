using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>Continues a prefix, token by token (Dive into Deep Learning v0.17, 8.5.4: warm-up, then prediction).</summary>
public sealed class TextGenerator(ILanguageModel model, Vocab vocab, Tokenizer tokenizer)
{
    /// <summary>The tokens of a prefix that the vocab has not; the model reads them as <see cref="Vocab.Unknown"/>.</summary>
    public IReadOnlyList<string> UnknownIn(string prefix) =>
        [.. tokenizer.Tokenize(prefix).Where(token => vocab[token] == Vocab.UnknownId).Distinct()];

    /// <summary>Continues a prefix; each piece of text is given out as soon as it is known, the prefix not included.</summary>
    /// <param name="prefix">What the model reads first; at least one token.</param>
    /// <param name="length">Tokens to add, 0 or more.</param>
    /// <param name="sampler">Chooses each token.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <exception cref="InvalidConfigException">The prefix is empty.</exception>
    public IEnumerable<string> Continue(string prefix, int length, TokenSampler sampler, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int[] ids = tokenizer.Encode(prefix, vocab);
        if (ids.Length == 0)
            throw new InvalidConfigException(["the prefix is empty: give at least one token to continue"]);
        return ContinueIds(ids, length, sampler, cancellationToken).Select(id => tokenizer.TokenSeparator + vocab[id]);
    }

    private IEnumerable<int> ContinueIds(int[] prefix, int length, TokenSampler sampler, CancellationToken cancellationToken)
    {
        using IPredictor predictor = model.Predictor();
        predictor.Begin(rows: 1);
        var logits = new float[model.VocabSize];
        long[] input = Array.ConvertAll(prefix, id => (long)id);
        foreach (int id in prefix)
            sampler.Remember(id);
        for (int i = 0; i < length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            predictor.Predict(input, input.Length, logits);
            int id = sampler.Choose(logits);
            sampler.Remember(id);
            yield return id;
            input = i == 0 ? new long[1] : input;
            input[0] = id;
        }
    }
}
