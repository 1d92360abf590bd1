using CharLM.Checkpoints.Safetensors;
using CharLM.Models;
using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>The state that a run needs, besides its weights, to resume as if it had never stopped.</summary>
/// <remarks>Thread safety: any number of threads, while nobody changes the arrays of its trainer's state.</remarks>
public sealed record ResumeState
{
    /// <summary>The state of the trainer.</summary>
    public required TrainerState Trainer { get; init; }

    /// <summary>Minibatches learned since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Seconds that the run has taken.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Bytes of the metrics file at this point; later bytes are written again.</summary>
    public required long MetricsBytes { get; init; }

    /// <summary>Bytes of the samples file at this point, likewise.</summary>
    public required long SamplesBytes { get; init; }

    /// <summary>Every error of the state; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Trainer is null)
            return ["no state of the trainer"];
        return Step < 0 || MetricsBytes < 0 || SamplesBytes < 0 || !(ElapsedSeconds >= 0)
            ? [$"an impossible position in the run: step {Step}, {ElapsedSeconds} s, {MetricsBytes} and {SamplesBytes} bytes",
                .. Trainer.Errors()]
            : Trainer.Errors();
    }
}

/// <summary>
/// The tensors of a checkpoint that are not weights: <c>optimizer.exp_avg.NAME</c> and the like, in the shapes of the weights;
/// <c>state.hidden</c> and <c>state.cell</c>, [layers * directions, batch, hidden]; and <c>state.memory</c>, [steps, batch, hidden].
/// </summary>
internal static class ResumeTensors
{
    private const string OptimizerPrefix = "optimizer.", HiddenName = "state.hidden", CellName = "state.cell", MemoryName = "state.memory";
    private const int MaxRows = 65_536;

    private static readonly string[] StateNames = [HiddenName, CellName, MemoryName];

    /// <summary>Weights together with the tensors of a state.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="state">The state; null for none.</param>
    /// <param name="model">The configuration of a language model, which carries a hidden state; null for models of whole sequences.</param>
    public static Dictionary<string,
        WeightArray> Beside(IReadOnlyDictionary<string, WeightArray> weights, ResumeState? state, ModelConfig? model = null)
    {
        var all = new Dictionary<string, WeightArray>(weights, StringComparer.Ordinal);
        if (state is null)
            return all;
        foreach ((string name, float[] values) in state.Trainer.Moments)
            all.Add(OptimizerPrefix + name, new WeightArray(weights[WeightOf(name)].Shape, values));
        foreach ((string name, WeightArray values) in model is null ? [] : Carried(state.Trainer, model))
            all.Add(name, values);
        return all;
    }

    /// <summary>Whether a tensor of a file is one of these, with a matching shape.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="model">The model of the file.</param>
    /// <param name="weights">The shapes of its weights.</param>
    public static bool Fits(StoredTensor tensor, ModelConfig model, IReadOnlyDictionary<string, long[]> weights)
    {
        if (tensor.Name is HiddenName or CellName)
            return tensor.Shape is [var layers, > 0 and <= MaxRows, var size] && layers == model.NumLayers * model.NumDirections
                && size == (tensor.Name == HiddenName ? model.NumHiddens : model.CellSize);
        if (tensor.Name == MemoryName)
            return tensor.Shape is [> 0 and <= MaxRows, > 0 and <= MaxRows, var output] && output == model.OutputSize;
        return IsMomentOf(tensor, weights);
    }

    /// <summary>Whether a tensor of a file is a moment of the optimizer, in the shape of its weight.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="weights">The shapes of the weights.</param>
    public static bool IsMomentOf(StoredTensor tensor, IReadOnlyDictionary<string, long[]> weights) =>
        IsMoment(tensor.Name) && weights.TryGetValue(WeightOf(tensor.Name[OptimizerPrefix.Length..]), out long[]? shape)
            && shape.SequenceEqual(tensor.Shape);

    /// <summary>Moves the tensors of a state out of the weights and into the state.</summary>
    public static ResumeState Take(ResumeState state, Dictionary<string, WeightArray> tensors)
    {
        var moments = tensors.Where(entry => IsMoment(entry.Key))
            .ToDictionary(entry => entry.Key[OptimizerPrefix.Length..], entry => entry.Value.Values, StringComparer.Ordinal);
        TrainerState trainer = state.Trainer with
        {
            Moments = moments,
            Hidden = Values(HiddenName),
            Cell = Values(CellName),
            Memory = Values(MemoryName),
        };
        foreach (string name in moments.Keys.Select(name => OptimizerPrefix + name).Concat(StateNames))
            tensors.Remove(name);
        return state with { Trainer = trainer };

        float[] Values(string name) => tensors.GetValueOrDefault(name)?.Values ?? [];
    }

    private static IEnumerable<KeyValuePair<string, WeightArray>> Carried(TrainerState trainer, ModelConfig model)
    {
        long layers = model.NumLayers * model.NumDirections, rows = trainer.Hidden.Length / layers / model.NumHiddens;
        if (trainer.Hidden.Length > 0)
            yield return new(HiddenName, new WeightArray([layers, rows, model.NumHiddens], trainer.Hidden));
        if (trainer.Cell.Length > 0)
            yield return new(CellName, new WeightArray([layers, rows, model.CellSize], trainer.Cell));
        if (trainer.Memory.Length > 0)
            yield return new(MemoryName,
                new WeightArray([trainer.Memory.Length / rows / model.OutputSize, rows, model.OutputSize], trainer.Memory));
    }

    private static bool IsMoment(string name) =>
        name.StartsWith(OptimizerPrefix, StringComparison.Ordinal)
        && OptimizerMoments.AllMoments.Any(
            moment => name.AsSpan(OptimizerPrefix.Length).StartsWith(moment + ".", StringComparison.Ordinal));

    // exp_avg.rnn.weight_ih_l0 -> rnn.weight_ih_l0
    private static string WeightOf(string moment) => moment[(moment.IndexOf('.') + 1)..];
}
