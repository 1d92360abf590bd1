using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Attention: each query gets a mean of the values, weighed by how well their keys fit it. A subclass says how well a key
/// fits; it is self-attention when queries, keys and values are the same.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
internal abstract class AttentionLayer : nn.Module
{
    /// <summary>A layer under a name.</summary>
    protected AttentionLayer(string name)
        : base(name)
    {
    }

    /// <summary>A layer of a kind.</summary>
    /// <param name="kind">How well a key fits a query.</param>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    /// <param name="numHiddens">For additive: width of its hidden layer.</param>
    public static AttentionLayer Create(AttentionKind kind, long querySize, long keySize, long numHiddens) => kind switch
    {
        AttentionKind.Additive => new AdditiveAttention(querySize, keySize, numHiddens),
        AttentionKind.Dot => new DotAttention(querySize, keySize),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of attention"),
    };

    /// <summary>Attends.</summary>
    /// <param name="queries">[batch, queries, query_size].</param>
    /// <param name="keys">[batch, keys, key_size].</param>
    /// <param name="values">[batch, keys, value_size].</param>
    /// <param name="mask">Bool [batch, queries, keys], true where a query may see a key; a size may be 1 for all; null hides
    /// nothing.</param>
    /// <returns>The weighed means [batch, queries, value_size], and the weights [batch, queries, keys].</returns>
    /// <exception cref="ArgumentException">The mask hides every key of a query.</exception>
    public (Tensor Output, Tensor Weights) Forward(Tensor queries, Tensor keys, Tensor values, Tensor? mask = null) =>
        Attend(queries, Prepare(keys), values, mask);

    /// <summary>What depends on the keys alone: computed once for queries that come one after the other.</summary>
    /// <param name="keys">[batch, keys, key_size].</param>
    /// <returns>What <see cref="Attend"/> takes.</returns>
    public abstract Tensor Prepare(Tensor keys);

    /// <summary>Attends to prepared keys.</summary>
    /// <inheritdoc cref="Forward"/>
    public (Tensor Output, Tensor Weights) Attend(Tensor queries, Tensor prepared, Tensor values, Tensor? mask = null)
    {
        Tensor weights = AttentionMask.Softmax(Score(queries, prepared), mask);    // [batch, queries, keys]
        return (weights.bmm(values), weights);
    }

    /// <summary>How well each key fits each query, any real number.</summary>
    /// <param name="queries">[batch, queries, query_size].</param>
    /// <param name="prepared">Of <see cref="Prepare"/>.</param>
    /// <returns>[batch, queries, keys].</returns>
    protected abstract Tensor Score(Tensor queries, Tensor prepared);
}

/// <summary>How well a key fits a query.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum AttentionKind
{
    /// <summary>A small network of both: v tanh(W q + U k) (Bahdanau et al. 2015).</summary>
    Additive,

    /// <summary>Their scaled product: q k / sqrt(size) (Luong et al. 2015, Vaswani et al. 2017).</summary>
    Dot,
}
