using CharLM.Models;
using static TorchSharp.torch;

namespace CharLM.Pairs.Translation;

/// <summary>What a decoder knows of its sources.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; one disposes it when nobody else uses it.</remarks>
/// <param name="State">The state that it begins with.</param>
/// <param name="Outputs">The encoder's outputs [batch, source steps, size].</param>
/// <param name="Keys">The same, prepared for attention; null without it.</param>
/// <param name="Mask">Where the sources are, bool [batch, 1, source steps]; null without attention.</param>
public sealed record EncodedSource(RecurrentState State, Tensor Outputs, Tensor? Keys, Tensor? Mask)
{
    /// <summary>Some rows, in any order and number.</summary>
    /// <param name="rows">int64.</param>
    public EncodedSource Select(Tensor rows) => new(
        SelectState(State, rows), Outputs.index_select(0, rows), Keys?.index_select(0, rows), Mask?.index_select(0, rows));

    /// <summary>Some rows of a state.</summary>
    /// <inheritdoc cref="Select"/>
    public static RecurrentState SelectState(RecurrentState state, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new RecurrentState(state.Hidden.index_select(1, rows), state.Cell?.index_select(1, rows));
    }
}
