using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A model computed by torch, with any type of state.</summary>
internal interface ITorchModel : ILanguageModel, IAccessedModel
{
    /// <summary>The module that holds the weights.</summary>
    nn.Module Module { get; }

    /// <summary>The device of the weights.</summary>
    Device Device { get; }

    /// <summary>Whether training may draw random numbers from torch.</summary>
    bool Drops { get; }

    /// <summary>The initial state.</summary>
    object ZeroState(long rows);

    /// <summary>Reads token ids, for callers that already hold a lease on the model.</summary>
    /// <param name="ids">int64 [rows, num_steps].</param>
    /// <param name="state">The state before the first step.</param>
    /// <returns>The logits of each next token, step by step, [num_steps * rows, vocab], and the state after the last step.</returns>
    (Tensor Logits, object State) Compute(Tensor ids, object state);

    /// <summary>Returns a state made by applying a function to each tensor.</summary>
    object Map(object state, Func<Tensor, Tensor> change);

    /// <summary>Returns a state with the given rows of this one.</summary>
    /// <param name="state">The state.</param>
    /// <param name="rows">Indices of rows, int64.</param>
    object Select(object state, Tensor rows);
}

/// <summary>Operations on states.</summary>
internal static class ModelStates
{
    /// <summary>Runs an action on each tensor of a state.</summary>
    public static void Each(this ITorchModel model, object state, Action<Tensor> action) => model.Map(state, tensor =>
    {
        action(tensor);
        return tensor;
    });

    /// <summary>Detaches a state from its dispose scope; the caller frees it.</summary>
    public static object Keep(this ITorchModel model, object state) => model.Map(state, tensor => tensor.DetachFromDisposeScope());

    /// <summary>Frees a state; null is allowed.</summary>
    public static void Free(this ITorchModel model, object? state)
    {
        if (state is not null)
            model.Each(state, tensor => tensor.Dispose());
    }
}
