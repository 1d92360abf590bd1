using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Scaled dot-product attention: score(q, k) = q k / sqrt(size), in one batched product (Vaswani et al. 2017). Keys of
/// another width than the queries are projected to it first, which is the general score of Luong et al. (2015).
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class DotAttention : AttentionLayer
{
    private readonly long _size;
    private readonly Linear? _key;

    /// <summary>A layer; it has weights only where the widths differ.</summary>
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
