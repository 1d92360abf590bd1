using TorchSharp;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Scaled dot-product attention: score(q, k) = q k / sqrt(size), in one batched product (Vaswani et al. 2017). Keys of another width
/// are first projected to the queries' width.
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
    protected override Tensor Score(Tensor queries, Tensor prepared, Tensor? mask)
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
    protected override Tensor Score(Tensor queries, Tensor prepared, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(prepared);
        Tensor both = Add(_query.forward(queries).unsqueeze(2), prepared.unsqueeze(1)); // [batch, queries, keys, hidden]
        return _score.forward(both.tanh()).squeeze(-1);
    }
}

/// <summary>General attention: score(q, k) = q W k, a bilinear form without bias or scale (Luong et al. 2015).</summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class GeneralAttention : AttentionLayer
{
    private readonly Linear _key;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    public GeneralAttention(long querySize, long keySize)
        : base("attention") =>
        register_module("W_k", _key = nn.Linear(keySize, querySize, hasBias: false));

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor keys) => _key.forward(keys);             // [batch, keys, query_size]

    /// <inheritdoc/>
    protected override Tensor Score(Tensor queries, Tensor prepared, Tensor? mask) => queries.bmm(prepared.transpose(1, 2));
}

/// <summary>
/// Cosine attention: score(q, k) = b q k / (|q| |k|), with a learned strength b that starts at 1 (Graves et al. 2014, whose strength
/// changes from step to step). A cosine alone is at most 1 and could not single out one key among many. Keys of another width are first
/// projected to the queries' width.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class CosineAttention : AttentionLayer
{
    // As in torch.nn.functional.cosine_similarity: the cosine with a zero vector is 0.
    private const double Epsilon = 1e-8;

    private readonly Linear? _key;

    /// <summary>A layer with strength 1.</summary>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    public CosineAttention(long querySize, long keySize)
        : base("attention")
    {
        if (keySize != querySize)
            register_module("W_k", _key = nn.Linear(keySize, querySize, hasBias: false));
        // The logarithm, since a strength is positive and initializers set vectors to zero.
        register_parameter("log_strength", new Parameter(zeros(1)));
    }

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor keys) => Unit(_key is null ? keys : _key.forward(keys)); // [batch, keys, query_size]

    /// <inheritdoc/>
    protected override Tensor Score(Tensor queries, Tensor prepared, Tensor? mask) =>
        get_parameter("log_strength")!.exp() * Unit(queries).bmm(prepared.transpose(1, 2));

    private static Tensor Unit(Tensor vectors) => nn.functional.normalize(vectors, p: 2, dim: -1, eps: Epsilon);
}

/// <summary>
/// Attention by place: a linear layer maps a query, concatenated with one key, to a score for each place, score(q, k) = W [q; k] + b (the
/// attention of PyTorch's translation tutorial; the location score of Luong et al. 2015). The key is the last that the query sees.
/// </summary>
/// <remarks>
/// <para>
/// The number of places is fixed: this layer learns where to look, not what to look for.
/// </para>
/// <para>Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its
/// weights.</para>
/// </remarks>
internal sealed class ConcatAttention : AttentionLayer
{
    private readonly Linear _places;
    private readonly bool _countsBack;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="querySize">Width of a query.</param>
    /// <param name="keySize">Width of a key.</param>
    /// <param name="places">Number of places, 1 or more: the most keys that a query sees.</param>
    /// <param name="countsBack">Whether place 0 is the last key that a query sees, and place 1 the one before it; else it is the first
    /// key of the row.</param>
    public ConcatAttention(long querySize, long keySize, long places, bool countsBack)
        : base("attention")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(places);
        _countsBack = countsBack;
        // The tutorial's name.
        register_module("attn", _places = nn.Linear(querySize + keySize, places));
    }

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor keys) => keys;

    /// <inheritdoc/>
    protected override Tensor Score(Tensor queries, Tensor prepared, Tensor? mask)
    {
        long batch = queries.size(0), count = queries.size(1), keys = prepared.size(1), places = _places.weight.size(0);
        if (!_countsBack && keys > places)
            throw new ArgumentException($"there are {keys} keys, and this attention has {places} places", nameof(prepared));
        Tensor order = arange(keys, dtype: ScalarType.Int64, device: prepared.device);
        Tensor last = mask is null ? order.narrow(0, keys - 1, 1) : (mask.to_type(ScalarType.Int64) * order).amax([-1]);
        last = last.expand(batch, count);                                              // each query's last key
        Tensor key = prepared.gather(1, last.unsqueeze(-1).expand(batch, count, prepared.size(2)));
        Tensor scores = _places.forward(cat([queries, key], dim: -1));                 // [batch, queries, places]
        if (!_countsBack)
            return scores.narrow(-1, 0, keys);
        // The mask hides the keys whose place is out of range.
        using Scalar first = 0, furthest = places - 1;
        return scores.gather(-1, (last.unsqueeze(-1) - order).clamp(first, furthest));
    }
}
