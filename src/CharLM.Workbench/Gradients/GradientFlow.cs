using CharLM.Models;
using CharLM.Torch;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Workbench.Gradients;

/// <summary>
/// Measures how far back in time a loss reaches: the gradient of the loss at the last step of a text with respect to the
/// states of all steps before it (Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013).
/// </summary>
public static class GradientFlow
{
    private const string Hidden = "hidden", Cell = "cell";

    /// <summary>Measures a model on rows of text, read from the zero state, without dropout.</summary>
    /// <param name="model">The model; its weights and their gradients are unchanged.</param>
    /// <param name="tokens">Token ids [rows, distance + 2]: the input, and at the end of each row the target.</param>
    /// <param name="rows">Rows, 1 or more.</param>
    /// <param name="cancellationToken">Checked before every step.</param>
    /// <returns>Curves as long as the distance, per layer: the hidden state, then the cell state.</returns>
    /// <exception cref="ArgumentException">The rows have fewer than 3 tokens.</exception>
    public static IReadOnlyList<FlowCurve> Measure(
        LanguageModel model, ReadOnlySpan<int> tokens, int rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        int steps = (tokens.Length / rows) - 1;
        if (steps < 2 || tokens.Length % rows != 0)
            throw new ArgumentException($"{tokens.Length} tokens are not {rows} rows of 3 or more", nameof(tokens));
        using ModelAccess.Evaluation evaluation = model.Access.Evaluate();
        using ModelAccess.Lease reading = model.Access.Read(evaluating: true);
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = TokenTensor.Of(tokens, [rows, steps + 1], model.Device);
        (Tensor loss, List<RecurrentState> states) = Read(model, ids, steps, cancellationToken);
        return Curves(loss, states, model.Config);
    }

    // The states after each step but the last, in order; each step is computed separately to expose its state.
    private static (Tensor Loss, List<RecurrentState> States) Read(
        LanguageModel model, Tensor ids, int steps, CancellationToken cancellationToken)
    {
        var states = new List<RecurrentState>();
        // The weights of a reservoir need no gradients, its states do.
        RecurrentState state = model.ZeroState(ids.size(0)).Map(tensor => tensor.requires_grad_(true));
        for (int step = 0; step < steps - 1; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (_, state) = model.Compute(ids.narrow(1, step, 1), state);
            states.Add(state);
        }
        (Tensor logits, _) = model.Compute(ids.narrow(1, steps - 1, 1), state);
        // Summed, so that each row has the gradient of its own loss.
        return (nn.functional.cross_entropy(logits, ids.select(1, steps), reduction: nn.Reduction.Sum), states);
    }

    private static List<FlowCurve> Curves(Tensor loss, List<RecurrentState> states, ModelConfig config)
    {
        Tensor[] hiddens = [.. states.Select(state => state.Hidden)];
        Tensor[] cells = [.. states.Select(state => state.Cell).OfType<Tensor>()];
        Tensor[] memories = [.. states.Select(state => state.Memory).OfType<Tensor>()];
        IList<Tensor?> gradients = autograd.grad([loss], [.. hiddens, .. cells, .. memories], allow_unused: true)!;
        int count = hiddens.Length;
        var curves = new List<FlowCurve>();
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            // Attention reaches the last layer's hidden state on a path of its own: the newest state in its memory.
            bool attends = memories.Length > 0 && layer == config.NumLayers - 1;
            curves.Add(new FlowCurve(layer, Hidden, Norms(step =>
            {
                Tensor? through = gradients[step]?[layer];
                Tensor? lookedUp = attends && gradients[count + cells.Length + step] is { } memory ? memory[memory.size(0) - 1] : null;
                return through is null ? lookedUp : lookedUp is null ? through : through + lookedUp;
            }, count)));
            if (cells.Length > 0)
                curves.Add(new FlowCurve(layer, Cell, Norms(step => gradients[count + step]?[layer], count)));
        }
        return curves;
    }

    // Nearest step first.
    private static double[] Norms(Func<int, Tensor?> gradientOf, int count)
    {
        var norms = new double[count];
        for (int distance = 1; distance <= count; distance++)
        {
            if (gradientOf(count - distance) is not { } gradient)                                               // [batch, hidden]
                continue;
            using TensorAccessor<double> ofRows = gradient.to_type(ScalarType.Float64).square().sum(dim: -1).sqrt().cpu().data<double>();
            norms[distance - 1] = ofRows.ToArray().Average();
        }
        return norms;
    }
}
