using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A model that torch computes, whatever its state is.</summary>
internal interface ITorchModel : ILanguageModel, IAccessedModel
{
    /// <summary>Its weights.</summary>
    nn.Module Module { get; }

    /// <summary>Where they live.</summary>
    Device Device { get; }

    /// <summary>Whether torch may draw random numbers while it learns.</summary>
    bool Drops { get; }

    /// <summary>The state before the first token.</summary>
    object ZeroState(long rows);

    /// <summary>Reads token ids, for those who have their part in the use of the model already.</summary>
    /// <param name="ids">int64 [rows, num_steps].</param>
    /// <param name="state">The state before the first step.</param>
    /// <returns>The logits of each next token, step by step, [num_steps * rows, vocab], and the state after the last step.</returns>
    (Tensor Logits, object State) Compute(Tensor ids, object state);

    /// <summary>A state with each of its tensors changed.</summary>
    object Map(object state, Func<Tensor, Tensor> change);

    /// <summary>A state whose rows are others, each one of those that there were.</summary>
    /// <param name="state">The state.</param>
    /// <param name="rows">int64.</param>
    object Select(object state, Tensor rows);
}

/// <summary>What is done with states.</summary>
internal static class ModelStates
{
    /// <summary>Looks at each tensor of a state.</summary>
    public static void Each(this ITorchModel model, object state, Action<Tensor> action) => model.Map(state, tensor =>
    {
        action(tensor);
        return tensor;
    });

    /// <summary>A state that no dispose scope frees: its holder does.</summary>
    public static object Keep(this ITorchModel model, object state) => model.Map(state, tensor => tensor.DetachFromDisposeScope());

    /// <summary>Frees a state; null is none.</summary>
    public static void Free(this ITorchModel model, object? state)
    {
        if (state is not null)
            model.Each(state, tensor => tensor.Dispose());
    }
}
