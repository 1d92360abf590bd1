using System.Numerics;
using System.Runtime.InteropServices;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>Chooses the tokens of one text from logits; <see cref="Vocab.Unknown"/> is never chosen.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class TokenSampler
{
    internal const string EmptyVocab = "the vocab has no token that can be generated";
    internal const string DamagedModel = "the model's logits are not numbers: its weights are damaged";

    private readonly SamplingStep[] _steps;
    private readonly bool _isGreedy;
    private readonly RandomStream _random;
    private readonly RecentTokens? _recent;
    private readonly SamplingScratch _scratch;

    /// <summary>A sampler.</summary>
    /// <param name="sampling">How tokens are chosen.</param>
    /// <param name="seed">Seed of the draws.</param>
    public TokenSampler(Sampling sampling, long seed)
        : this(sampling, seed, 0, new SamplingScratch())
    {
    }

    /// <summary>A sampler that shares its working memory with others that it alternates with.</summary>
    /// <param name="sampling">How tokens are chosen.</param>
    /// <param name="seed">Fixes the draws, together with the sample.</param>
    /// <param name="sample">The number of the text; 0 for a single sampler.</param>
    /// <param name="scratch">The memory.</param>
    internal TokenSampler(Sampling sampling, long seed, int sample, SamplingScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        (_steps, _isGreedy, _scratch) = ([.. sampling.Steps], sampling.IsGreedy, scratch);
        _random = new RandomStream(seed, "sampling", sample);
        if (_steps.OfType<SamplingStep.RepetitionPenalty>().FirstOrDefault() is { } penalty)
            _recent = new RecentTokens(penalty.Window);
    }

    /// <summary>Chooses one token; call <see cref="Remember"/> to add it to the text.</summary>
    /// <param name="logits">One value per token of the vocab, minus infinity for forbidden tokens; overwritten.</param>
    /// <returns>A token id, never <see cref="Vocab.UnknownId"/>.</returns>
    /// <exception cref="GenerationException">No token can be chosen, or the logits are not numbers.</exception>
    public int Choose(Span<float> logits)
    {
        if (logits.Length > Vocab.UnknownId)
            logits[Vocab.UnknownId] = float.NegativeInfinity;
        float highest = LogitMath.Highest(logits);
        if (!float.IsFinite(highest))
            throw new GenerationException(float.IsNegativeInfinity(highest) ? EmptyVocab : DamagedModel);
        if (_steps.Length > 0)
        {
            foreach (SamplingStep step in _steps)
                step.Apply(logits, _recent, _scratch);
            highest = LogitMath.Highest(logits);
        }
        return _isGreedy ? logits.IndexOf(highest) : Draw(logits, highest);
    }

    /// <summary>Adds a token, chosen or given, to the text; a repetition penalty looks at it.</summary>
    /// <param name="token">The token's id.</param>
    public void Remember(int token) => _recent?.Add(token);

    // A single number in [0, 1) decides, so that a seed gives the same text whatever the size of the vocab's tail.
    private int Draw(ReadOnlySpan<float> logits, float highest)
    {
        Span<float> weights = _scratch.Weights(logits.Length);
        double left = _random.NextDouble() * LogitMath.Exponentials(logits, highest, weights);
        // First vector by vector, with the same sums as in the total, then the tokens within a vector.
        int id = 0;
        foreach (Vector<float> vector in MemoryMarshal.Cast<float, Vector<float>>(weights))
        {
            double sum = Vector.Sum(vector);
            if (left < sum)
                break;
            left -= sum;
            id += Vector<float>.Count;
        }
        int last = -1;
        for (; id < weights.Length; id++)
        {
            if (weights[id] == 0)
                continue;
            last = id;
            left -= weights[id];
            if (left < 0)
                return id;
        }
        // Reached only through rounding: the weights add up to the total.
        return last >= 0 ? last : weights.LastIndexOfAnyExcept(0f);
    }
}

/// <summary>The tokens in the last part of a text.</summary>
internal sealed class RecentTokens
{
    /// <summary>The largest window, in tokens.</summary>
    public const int MaxWindow = 100_000;

    private readonly int[] _window;
    private readonly bool _isAll;
    private int[] _counts = [];
    private long _read;

    /// <summary>An empty text.</summary>
    /// <param name="window">Number of last tokens to count; 0: all.</param>
    public RecentTokens(int window) => (_window, _isAll) = (new int[window], window == 0);

    /// <summary>Whether a token is among them.</summary>
    public bool Contains(int token) => token < _counts.Length && _counts[token] > 0;

    /// <summary>Adds a token to the text.</summary>
    public void Add(int token)
    {
        if (token >= _counts.Length)
            Array.Resize(ref _counts, Math.Max(token + 1, 2 * _counts.Length));
        _counts[token]++;
        if (_isAll)
            return;
        int place = (int)(_read++ % _window.Length);
        if (_read > _window.Length)
            _counts[_window[place]]--;
        _window[place] = token;
    }
}
