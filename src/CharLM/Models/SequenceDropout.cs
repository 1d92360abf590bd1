using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models;

/// <summary>Dropout by torch of the values of a sequence.</summary>
internal static class SequenceDropout
{
    /// <summary>The values after dropout.</summary>
    /// <param name="values">[num_steps, batch, width].</param>
    /// <param name="probability">The probability of dropping a value.</param>
    /// <param name="training">Whether to drop at all.</param>
    /// <param name="locked">Whether the same values of a row are dropped at every step.</param>
    public static Tensor Of(Tensor values, double probability, bool training, bool locked)
    {
        if (!locked || !training || probability == 0)
            return functional.dropout(values, probability, training);
        Tensor factors = functional.dropout(ones(1, values.size(1), values.size(2), values.dtype, values.device), probability);
        return values * factors;
    }
}
