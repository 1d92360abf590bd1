using CharLM.Models;
using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>
/// The tensors of a checkpoint that are no weights: <c>optimizer.exp_avg.NAME</c> and the like in the shapes of the weights, and
/// <c>state.hidden</c> and <c>state.cell</c>, [layers * directions, batch, hidden].
/// </summary>
internal static class ResumeTensors
{
    private const string OptimizerPrefix = "optimizer.", HiddenName = "state.hidden", CellName = "state.cell";
    private const int MaxRows = 65_536;

    /// <summary>The tensors of a state.</summary>
    public static IEnumerable<KeyValuePair<string, WeightArray>> Of(ResumeState state, Checkpoint checkpoint)
    {
        TrainerState trainer = state.Trainer;
        foreach ((string name, float[] values) in trainer.Moments)
            yield return new(OptimizerPrefix + name, new WeightArray(checkpoint.Weights[WeightOf(name)].Shape, values));
        ModelConfig model = checkpoint.Model;
        (long layers, long hidden) = (model.NumLayers * model.NumDirections, model.NumHiddens);
        if (trainer.Hidden.Length > 0)
            yield return new(HiddenName, new WeightArray([layers, trainer.Hidden.Length / layers / hidden, hidden], trainer.Hidden));
        if (trainer.Cell.Length > 0)
            yield return new(CellName, new WeightArray([layers, trainer.Cell.Length / layers / hidden, hidden], trainer.Cell));
    }

    /// <summary>Whether a tensor of a file is one of these, in a shape that fits.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="model">The model of the file.</param>
    /// <param name="weights">The shapes of its weights.</param>
    public static bool Fits(StoredTensor tensor, ModelConfig model, IReadOnlyDictionary<string, long[]> weights)
    {
        if (tensor.Name is HiddenName or CellName)
            return tensor.Shape is [var layers, > 0 and <= MaxRows, var hidden] && layers == model.NumLayers * model.NumDirections && hidden == model.NumHiddens;
        return IsMoment(tensor.Name) && weights.TryGetValue(WeightOf(tensor.Name[OptimizerPrefix.Length..]), out long[]? shape) && shape.SequenceEqual(tensor.Shape);
    }

    /// <summary>A state with the tensors that were read for it; they are taken out of the weights.</summary>
    public static ResumeState Take(ResumeState state, Dictionary<string, WeightArray> tensors)
    {
        var moments = tensors.Where(entry => IsMoment(entry.Key)).ToDictionary(entry => entry.Key[OptimizerPrefix.Length..], entry => entry.Value.Values, StringComparer.Ordinal);
        float[] hidden = tensors.GetValueOrDefault(HiddenName)?.Values ?? [], cell = tensors.GetValueOrDefault(CellName)?.Values ?? [];
        foreach (string name in moments.Keys.Select(name => OptimizerPrefix + name).Concat([HiddenName, CellName]))
            tensors.Remove(name);
        return state with { Trainer = state.Trainer with { Moments = moments, Hidden = hidden, Cell = cell } };
    }

    private static bool IsMoment(string name) =>
        name.StartsWith(OptimizerPrefix, StringComparison.Ordinal)
        && UpdateState.AllMoments.Any(moment => name.AsSpan(OptimizerPrefix.Length).StartsWith(moment + ".", StringComparison.Ordinal));

    // exp_avg.rnn.weight_ih_l0 -> rnn.weight_ih_l0
    private static string WeightOf(string moment) => moment[(moment.IndexOf('.') + 1)..];
}
