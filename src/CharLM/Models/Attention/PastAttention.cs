using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Lets each step of a sequence attend over a window of earlier hidden states; the result is concatenated with its own hidden state and
/// projected, h~ = tanh(W [context; h] + b) (Luong et al. 2015, equation 5; over a language model's own past: Daniluk et al. 2017).
/// </summary>
/// <remarks>
/// A step sees only earlier steps, neither itself nor later ones. A zero state precedes the first step, so there is always something
/// to see.
/// </remarks>
internal sealed class PastAttention : nn.Module
{
    private readonly int _window;
    private readonly AttentionLayer _score;
    private readonly Linear _combine;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="kind">The score function between an earlier state and the current one.</param>
    /// <param name="window">The most earlier states that a step sees, 1 or more.</param>
    /// <param name="numHiddens">Width of a hidden state.</param>
    public PastAttention(AttentionKind kind, int window, int numHiddens)
        : base("attention")
    {
        _window = window;
        register_module("score", _score = AttentionLayer.Create(
            kind, numHiddens, numHiddens, numHiddens, window, countsBack: true));
        register_module("combine", _combine = nn.Linear(2L * numHiddens, numHiddens));
    }

    /// <summary>Adds the names and shapes of the weights.</summary>
    /// <param name="shapes">Receives them.</param>
    /// <param name="module">The prefix of their names.</param>
    /// <param name="kind">The score function.</param>
    /// <param name="window">The most earlier states that a step sees.</param>
    /// <param name="numHiddens">Width of a hidden state.</param>
    public static void AddShapes(IDictionary<string, long[]> shapes, string module, AttentionKind kind, int window, int numHiddens)
    {
        WeightShapes.AddAttention(shapes, $"{module}.score", kind, numHiddens, numHiddens, numHiddens, window);
        WeightShapes.AddLinear(shapes, $"{module}.combine", 2L * numHiddens, numHiddens);
    }

    /// <summary>Reads a sequence.</summary>
    /// <param name="hiddens">The hidden states of the steps, [num_steps, batch, hidden].</param>
    /// <param name="memory">The states before them, oldest first, [1 to window, batch, hidden].</param>
    /// <returns>The input of the output layer, [num_steps, batch, hidden], and the states that later steps can see.</returns>
    public (Tensor Outputs, Tensor Memory) Forward(Tensor hiddens, Tensor memory)
    {
        Tensor states = cat([memory, hiddens]);                                        // [memory + num_steps, batch, hidden]
        long steps = hiddens.size(0), seen = states.size(0) - 1;
        Tensor queries = hiddens.transpose(0, 1), keys = states.narrow(0, 0, seen).transpose(0, 1);
        // The last state is no step's past, so each query's position is that of the state before it.
        Tensor mask = AttentionMask.CausalWindow(steps, seen, _window, hiddens.device);
        (Tensor context, _) = _score.Forward(queries, keys, keys, mask);               // [batch, num_steps, hidden]
        Tensor outputs = tanh(_combine.forward(cat([context, queries], dim: -1))).transpose(0, 1);
        long kept = Math.Min(_window, states.size(0));
        return (outputs, states.narrow(0, states.size(0) - kept, kept));
    }
}
