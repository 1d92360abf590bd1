using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Evaluation;

/// <summary>
/// The usual size of each weight's gradient: its root mean square over segments of the training text (Krause et al. 2018, section 4.2).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class GradientSizes : IDisposable
{
    // Enough for a mean of squares; all of the text would take longer than the evaluation.
    private const int MostSegments = 1_000;

    private GradientSizes(IReadOnlyList<Tensor> roots, double mean) => (Roots, Mean) = (roots, mean);

    /// <summary>The root mean square of each weight's gradient, in the order of the weights and in their shapes.</summary>
    public IReadOnlyList<Tensor> Roots { get; }

    /// <summary>Their mean over all values of all weights, above 0.</summary>
    public double Mean { get; }

    /// <summary>Measures the beginning of a text, segment by segment, with the state carried; the weights do not change.</summary>
    /// <param name="model">The model; torch computes it.</param>
    /// <param name="text">Text that it was trained on, longer than a segment.</param>
    /// <param name="segmentLength">Tokens per segment.</param>
    /// <param name="cancellationToken">Checked before each segment.</param>
    /// <exception cref="InvalidConfigException">
    /// The text is shorter than a segment, all weights are frozen, or every gradient is 0.
    /// </exception>
    public static GradientSizes Of(
        LanguageModel model, TokenSource text, int segmentLength, CancellationToken cancellationToken = default)
    {
        int segments = (int)Math.Min(MostSegments, (text.Length - 1) / segmentLength);
        if (segments == 0)
            throw new InvalidConfigException([$"dynamic evaluation with RMS needs a training text of more than {segmentLength} tokens"]);
        using DisposeScope scope = NewDisposeScope();
        model.eval();
        List<Parameter> weights = [.. model.parameters()];
        List<Tensor> squares = weights.ConvertAll(weight => zeros_like(weight, requires_grad: false));
        RecurrentState state = model.ZeroState(1);
        for (int segment = 0; segment < segments; segment++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope step = NewDisposeScope();
            int[] ids = text.Slice((long)segment * segmentLength, segmentLength + 1).ToArray();
            (Tensor logits, RecurrentState after) = model.Compute(
                TokenTensor.Of(ids.AsSpan(0, segmentLength), [1, segmentLength], model.Device), state);
            Tensor loss = nn.functional.cross_entropy(logits, TokenTensor.Of(ids.AsSpan(1), [segmentLength], model.Device));
            if (!loss.requires_grad)
                throw new InvalidConfigException(["all weights of the model are frozen: dynamic evaluation has nothing to learn"]);
            model.zero_grad();
            loss.backward();
            state = after.Detach().MoveToOuterDisposeScope();
            for (int i = 0; i < weights.Count; i++)
            {
                if (weights[i].grad is { } gradient)
                    squares[i].add_(gradient * gradient);
            }
        }
        model.zero_grad();
        List<Tensor> roots = squares.ConvertAll(square => (square / (double)segments).sqrt());
        double mean = cat([.. roots.Select(root => root.flatten())]).mean().to_type(ScalarType.Float64).item<double>();
        // Sizes relative to a mean of 0 would make every weight NaN.
        if (mean == 0)
        {
            throw new InvalidConfigException(
                ["every gradient on the training text is 0, since the model is certain of it: dynamic evaluation with RMS has no usual "
                    + "size to divide by; measure without RMS"]);
        }
        return new GradientSizes(roots.ConvertAll(root => root.DetachFromDisposeScope()), mean);
    }

    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (Tensor root in Roots)
            root.Dispose();
    }
}
