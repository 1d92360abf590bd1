using CharLM.Models;
using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>
/// The tensors of a checkpoint that are no weights: <c>optimizer.exp_avg.NAME</c> and the like in the shapes of the weights, and
/// <c>state.hidden</c> and <c>state.cell</c>, [layers * directions, batch, hidden], and <c>state.memory</c>, [steps, batch, hidden].
/// </summary>
internal static class ResumeTensors
{
    private const string OptimizerPrefix = "optimizer.", HiddenName = "state.hidden", CellName = "state.cell", MemoryName = "state.memory";
    private const int MaxRows = 65_536;

    private static readonly string[] StateNames = [HiddenName, CellName, MemoryName];

    /// <summary>The tensors of a state.</summary>
    public static IEnumerable<KeyValuePair<string, WeightArray>> Of(ResumeState state, Checkpoint checkpoint)
    {
        TrainerState trainer = state.Trainer;
        foreach ((string name, float[] values) in trainer.Moments)
            yield return new(OptimizerPrefix + name, new WeightArray(checkpoint.Weights[WeightOf(name)].Shape, values));
        ModelConfig model = checkpoint.Model;
        long layers = model.NumLayers * model.NumDirections, rows = trainer.Hidden.Length / layers / model.NumHiddens;
        if (trainer.Hidden.Length > 0)
            yield return new(HiddenName, new WeightArray([layers, rows, model.NumHiddens], trainer.Hidden));
        if (trainer.Cell.Length > 0)
            yield return new(CellName, new WeightArray([layers, rows, model.NumHiddens], trainer.Cell));
        if (trainer.Memory.Length > 0)
            yield return new(MemoryName, new WeightArray([trainer.Memory.Length / rows / model.OutputSize, rows, model.OutputSize], trainer.Memory));
    }

    /// <summary>Whether a tensor of a file is one of these, in a shape that fits.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="model">The model of the file.</param>
    /// <param name="weights">The shapes of its weights.</param>
    public static bool Fits(StoredTensor tensor, ModelConfig model, IReadOnlyDictionary<string, long[]> weights)
    {
        if (tensor.Name is HiddenName or CellName)
            return tensor.Shape is [var layers, > 0 and <= MaxRows, var hidden] && layers == model.NumLayers * model.NumDirections && hidden == model.NumHiddens;
        if (tensor.Name == MemoryName)
            return tensor.Shape is [> 0 and <= MaxRows, > 0 and <= MaxRows, var output] && output == model.OutputSize;
        return IsMoment(tensor.Name) && weights.TryGetValue(WeightOf(tensor.Name[OptimizerPrefix.Length..]), out long[]? shape) && shape.SequenceEqual(tensor.Shape);
    }

    /// <summary>A state with the tensors that were read for it; they are taken out of the weights.</summary>
    public static ResumeState Take(ResumeState state, Dictionary<string, WeightArray> tensors)
    {
        var moments = tensors.Where(entry => IsMoment(entry.Key)).ToDictionary(entry => entry.Key[OptimizerPrefix.Length..], entry => entry.Value.Values, StringComparer.Ordinal);
        TrainerState trainer = state.Trainer with { Moments = moments, Hidden = Values(HiddenName), Cell = Values(CellName), Memory = Values(MemoryName) };
        foreach (string name in moments.Keys.Select(name => OptimizerPrefix + name).Concat(StateNames))
            tensors.Remove(name);
        return state with { Trainer = trainer };

        float[] Values(string name) => tensors.GetValueOrDefault(name)?.Values ?? [];
    }

    private static bool IsMoment(string name) =>
        name.StartsWith(OptimizerPrefix, StringComparison.Ordinal)
        && UpdateState.AllMoments.Any(moment => name.AsSpan(OptimizerPrefix.Length).StartsWith(moment + ".", StringComparison.Ordinal));

    // exp_avg.rnn.weight_ih_l0 -> rnn.weight_ih_l0
    private static string WeightOf(string moment) => moment[(moment.IndexOf('.') + 1)..];
}
