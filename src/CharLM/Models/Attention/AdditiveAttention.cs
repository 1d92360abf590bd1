using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>Additive attention: score(q, k) = v tanh(W q + U k), without biases (Bahdanau et al. 2015).</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class AdditiveAttention : AttentionLayer
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
