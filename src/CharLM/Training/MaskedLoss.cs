using CharLM.Batching;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>The loss of sequences of different lengths; padding does not count.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class MaskedLoss
{
    // Not an id of any token; torch's own default for "not a target".
    private const long NoTarget = -100;

    /// <summary>Mean cross-entropy over the real tokens of all rows, in nats per token.</summary>
    /// <param name="logits">[num_steps, batch, vocab], step by step as recurrent layers return them.</param>
    /// <param name="targets">The target of each step.</param>
    public static Tensor CrossEntropy(Tensor logits, PaddedBatch targets)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        Tensor padding = targets.Mask(logits.device).logical_not();
        Tensor expected = Fill(targets.Ids(logits.device), padding, NoTarget).t().reshape(-1);
        return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[^1]), expected, ignore_index: NoTarget);
    }
}
