using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Scaled dot-product attention: score(q, k) = q k / sqrt(size), in one batched product (Vaswani et al. 2017). Keys of another width
/// are first projected to the queries' width, which gives the general score of Luong et al. (2015).
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class DotAttention : AttentionLayer
{
    private readonly long _size;
    private readonly Linear? _key;

    /// <summary>A layer, which has weights only if the widths differ.</summary>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    public DotAttention(long querySize, long keySize)
        : base("attention")
    {
        _size = querySize;
        if (keySize != querySize)
            register_module("W_k", _key = nn.Linear(keySize, querySize, hasBias: false));
    }

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor keys) => _key is null ? keys : _key.forward(keys); // [batch, keys, query_size]

    /// <inheritdoc/>
    protected override Tensor Score(Tensor queries, Tensor prepared)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(prepared);
        return Divide(queries.bmm(prepared.transpose(1, 2)), Math.Sqrt(_size));
    }
}

/// <summary>Additive attention: score(q, k) = v tanh(W q + U k), without biases (Bahdanau et al. 2015).</summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class AdditiveAttention : AttentionLayer
{
    private readonly Linear _query, _key, _score;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    /// <param name="numHiddens">Width of the hidden layer.</param>
    public AdditiveAttention(long querySize, long keySize, long numHiddens)
        : base("attention")
    {
        // The names are those of the book's AdditiveAttention.
        register_module("W_q", _query = nn.Linear(querySize, numHiddens, hasBias: false));
        register_module("W_k", _key = nn.Linear(keySize, numHiddens, hasBias: false));
        register_module("w_v", _score = nn.Linear(numHiddens, 1, hasBias: false));
    }

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor keys) => _key.forward(keys);             // [batch, keys, hidden]

    /// <inheritdoc/>
    protected override Tensor Score(Tensor queries, Tensor prepared)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(prepared);
        Tensor both = Add(_query.forward(queries).unsqueeze(2), prepared.unsqueeze(1)); // [batch, queries, keys, hidden]
        return _score.forward(both.tanh()).squeeze(-1);
    }
}

/// <summary>
/// Attention whose weights depend on one query and one key only: a linear layer maps their concatenation to a weight for each position
/// of the values; the weighted mean is concatenated with the query and projected (the attention of PyTorch's translation tutorial; the
/// location score of Luong et al. 2015).
/// </summary>
/// <remarks>
/// <para>
/// The number of positions is fixed: this layer learns where to look, not what to look for.
/// </para>
/// <para>Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its
/// weights.</para>
/// </remarks>
public sealed class ConcatAttention : nn.Module
{
    private readonly Linear _weights, _combine;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="querySize">Width of the query.</param>
    /// <param name="keySize">Width of the key.</param>
    /// <param name="valueSize1">Number of values.</param>
    /// <param name="valueSize2">Width of a value.</param>
    /// <param name="outputSize">Width of the output.</param>
    public ConcatAttention(long querySize, long keySize, long valueSize1, long valueSize2, long outputSize)
        : base("attention")
    {
        // The names are the tutorial's.
        register_module("attn", _weights = nn.Linear(querySize + keySize, valueSize1));
        register_module("attn_combine", _combine = nn.Linear(querySize + valueSize2, outputSize));
    }

    /// <summary>Attends.</summary>
    /// <param name="query">[batch, 1, query_size].</param>
    /// <param name="key">[batch, 1, key_size].</param>
    /// <param name="values">[batch, value_size1, value_size2].</param>
    /// <param name="mask">Bool [batch, value_size1], true where a value may be seen; default null: hides none.</param>
    /// <returns>[batch, 1, output_size], and the weights [batch, value_size1].</returns>
    /// <exception cref="ArgumentException">The mask hides every value of a row.</exception>
    public (Tensor Output, Tensor Weights) Forward(Tensor query, Tensor key, Tensor values, Tensor? mask = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(values);
        Tensor scores = _weights.forward(cat([query, key], dim: -1)).squeeze(1);   // [batch, value_size1]
        Tensor weights = AttentionMask.Softmax(scores, mask);
        Tensor applied = weights.unsqueeze(1).bmm(values);                         // [batch, 1, value_size2]
        return (_combine.forward(cat([query, applied], dim: -1)), weights);
    }
}
