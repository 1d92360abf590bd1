using CharLM.Models;
using CharLM.Tokenization;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Generation;

/// <summary>Continues a prefix, token by token (Dive into Deep Learning v0.17, 8.5.4: warm-up, then prediction).</summary>
public sealed class TextGenerator(LanguageModel model, Vocab vocab, Tokenizer tokenizer)
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
        bool wasTraining = model.training;
        model.eval();
        RecurrentState? state = null;
        try
        {
            int[] input = prefix;
            for (int i = 0; i < length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (int id, state) = Next(input, state, sampler);
                yield return id;
                input = [id];
            }
        }
        finally
        {
            state?.Dispose();
            model.train(wasTraining);
        }
    }

    private (int Id, RecurrentState State) Next(int[] input, RecurrentState? state, TokenSampler sampler)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor inputs = tensor(Array.ConvertAll(input, id => (long)id), [1, input.Length], device: model.Device);
        (Tensor logits, RecurrentState after) = model.Forward(inputs, state ?? model.BeginState(1));
        using TensorAccessor<float> last = logits[-1].cpu().data<float>();      // [vocab]
        state?.Dispose();
        // Detached, not only moved: the caller's scope, if it has one, must not free it between two tokens.
        return (sampler.Choose(last.ToArray()), after.DetachFromDisposeScope());
    }
}
