using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Attention: each query gets a weighted mean of the values; a subclass scores how well each key matches the query. With the same
/// queries, keys and values it is self-attention.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal abstract class AttentionLayer : nn.Module
{
    /// <summary>A layer with a module name.</summary>
    protected AttentionLayer(string name)
        : base(name)
    {
    }

    /// <summary>Creates a layer.</summary>
    /// <param name="kind">The score function.</param>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    /// <param name="numHiddens">Width of the hidden layer; additive attention only.</param>
    /// <param name="places">The most keys that a query sees, 1 or more; concat attention only.</param>
    /// <param name="countsBack">Whether places are counted back from the last key that a query sees; concat attention only.</param>
    public static AttentionLayer Create(
        AttentionKind kind, long querySize, long keySize, long numHiddens, long places, bool countsBack = false) => kind switch
        {
            AttentionKind.Additive => new AdditiveAttention(querySize, keySize, numHiddens),
            AttentionKind.Dot => new DotAttention(querySize, keySize),
            AttentionKind.Cosine => new CosineAttention(querySize, keySize),
            AttentionKind.General => new GeneralAttention(querySize, keySize),
            AttentionKind.Concat => new ConcatAttention(querySize, keySize, places, countsBack),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of attention"),
        };

    /// <summary>Attends.</summary>
    /// <param name="queries">[batch, queries, query_size].</param>
    /// <param name="keys">[batch, keys, key_size].</param>
    /// <param name="values">[batch, keys, value_size].</param>
    /// <param name="mask">Bool, broadcastable to [batch, queries, keys], true where a query may see a key; default null: hides
    /// nothing.</param>
    /// <returns>The weighted means [batch, queries, value_size], and the weights [batch, queries, keys].</returns>
    /// <exception cref="ArgumentException">The mask hides every key of a query.</exception>
    public (Tensor Output, Tensor Weights) Forward(Tensor queries, Tensor keys, Tensor values, Tensor? mask = null) =>
        Attend(queries, Prepare(keys), values, mask);

    /// <summary>Computes the part that depends only on the keys, once for a series of queries.</summary>
    /// <param name="keys">[batch, keys, key_size].</param>
    /// <returns>The prepared keys for <see cref="Attend"/>.</returns>
    public abstract Tensor Prepare(Tensor keys);

    /// <summary>Attends to prepared keys.</summary>
    /// <inheritdoc cref="Forward"/>
    public (Tensor Output, Tensor Weights) Attend(Tensor queries, Tensor prepared, Tensor values, Tensor? mask = null)
    {
        Tensor weights = AttentionMask.Softmax(Score(queries, prepared, mask), mask); // [batch, queries, keys]
        return (weights.bmm(values), weights);
    }

    /// <summary>How well each key matches each query: any real number.</summary>
    /// <param name="queries">[batch, queries, query_size].</param>
    /// <param name="prepared">Keys from <see cref="Prepare"/>.</param>
    /// <param name="mask">Which keys a query may see; null: all. Scores of hidden keys are ignored.</param>
    /// <returns>[batch, queries, keys].</returns>
    protected abstract Tensor Score(Tensor queries, Tensor prepared, Tensor? mask);
}

/// <summary>The score function: how well a key matches a query.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum AttentionKind
{
    /// <summary>A small network over both: v tanh(W q + U k) (Bahdanau et al. 2015).</summary>
    Additive,

    /// <summary>The scaled dot product: q k / sqrt(size) (Luong et al. 2015, Vaswani et al. 2017).</summary>
    Dot,

    /// <summary>The cosine of the angle between both, times a learned strength: b q k / (|q| |k|) (Graves et al. 2014).</summary>
    Cosine,

    /// <summary>A bilinear form: q W k (Luong et al. 2015).</summary>
    General,

    /// <summary>A linear layer over the concatenation of the query and its last key, with a score for each place: W [q; k] + b. It learns
    /// where to look, not what to look for (the attention of PyTorch's translation tutorial).</summary>
    Concat,
}
