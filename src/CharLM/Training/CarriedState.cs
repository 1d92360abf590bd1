namespace CharLM.Training;

/// <summary>The state that a minibatch hands on to the next, as values; each is empty where the model has none.</summary>
/// <param name="Hidden">[layers * directions, batch, hidden].</param>
/// <param name="Cell">The cell state, in the same shape.</param>
/// <param name="Memory">What attention looks back at, oldest first, [1 to window, batch, hidden].</param>
internal sealed record CarriedState(float[] Hidden, float[] Cell, float[] Memory)
{
    /// <summary>Nothing was read yet.</summary>
    public static CarriedState None { get; } = new([], [], []);
}
