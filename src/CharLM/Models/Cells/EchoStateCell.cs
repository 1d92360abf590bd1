using TorchSharp;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// The reservoir of an echo-state network: leaky tanh units with fixed random weights (Jaeger, The "Echo State" Approach to Analysing and
/// Training Recurrent Neural Networks, 2001; leaky: Jaeger et al. 2007). <see cref="Reservoir"/> draws the weights; no gradient changes
/// them.
/// </summary>
/// <remarks>Thread safety: any number of threads may read with it at once, each in its own dispose scope.</remarks>
internal sealed class EchoStateCell : RecurrentCell
{
    private readonly double _leak;

    /// <summary>A reservoir whose weights are zero.</summary>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="hiddenSize">Number of units.</param>
    /// <param name="leakRate">How much of the state a step replaces, above 0, at most 1.</param>
    public EchoStateCell(int inputSize, int hiddenSize, double leakRate)
        : base(inputSize, hiddenSize)
    {
        _leak = leakRate;
        register_parameter("weight_ih", Fixed(hiddenSize, inputSize));
        register_parameter("weight_hh", Fixed(hiddenSize, hiddenSize));
        register_parameter("bias_ih", Fixed(hiddenSize));
    }

    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        Tensor H = states[0];
        Tensor sum = Add(functional.linear(X, Named("weight_ih"), Named("bias_ih")), functional.linear(H, Named("weight_hh")));
        Tensor N = tanh(sum);                                                // [batch, hidden]
        return [_leak == 1 ? N : Add(Multiply(H, 1 - _leak), Multiply(N, _leak))];
    }

    private static Parameter Fixed(params long[] shape) => new(zeros(shape), requires_grad: false);

    private Parameter Named(string name) => get_parameter(name)!;
}

/// <summary>Draws the fixed weights of reservoirs, from torch's generator (Lukosevicius, A Practical Guide to Applying Echo State
/// Networks, 2012).</summary>
internal static class Reservoir
{
    /// <summary>
    /// Input weights and biases are uniform. Each unit reads an equal number of random units; these weights are uniform, too, and scaled so
    /// that the largest modulus of their eigenvalues is the spectral radius.
    /// </summary>
    /// <param name="model">The model, a <see cref="LanguageModel"/>.</param>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="InvalidConfigException">All eigenvalues of the drawn weights are zero.</exception>
    public static void Draw(Module model, ModelConfig config)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, Parameter weight) in model.named_parameters())
        {
            if (name.StartsWith("rnn.weight_hh_", StringComparison.Ordinal))
                weight.copy_(Recurrent(config));
            else if (name.StartsWith("rnn.weight_ih_", StringComparison.Ordinal))
                DrawUniform(weight, config.EffectiveInputScaling / Math.Sqrt(IsOneHot(name, config) ? 1 : weight.size(1)));
            else if (name.StartsWith("rnn.bias_ih_", StringComparison.Ordinal))
                DrawUniform(weight, config.EffectiveInputScaling);
        }
    }

    private static bool IsOneHot(string name, ModelConfig config) => config.EmbeddingSize == 0
        && (name.EndsWith("_l0", StringComparison.Ordinal) || name.EndsWith("_l0_reverse", StringComparison.Ordinal));

    private static void DrawUniform(Tensor weight, double bound) => init.uniform_(weight, -bound, bound);

    private static Tensor Recurrent(ModelConfig config)
    {
        long units = config.NumHiddens, read = Math.Max(1, (long)Math.Round((1 - config.EffectiveSparsity) * units));
        Tensor drawn = empty([units, units], dtype: ScalarType.Float64);
        DrawUniform(drawn, 1);
        (_, Tensor places) = rand(units, units).topk((int)read, dim: 1);
        Tensor kept = zeros([units, units], ScalarType.Float64).scatter(1, places, ones([units, read], ScalarType.Float64));
        Tensor weights = drawn * kept;
        if (config.EffectiveSpectralRadius == 0)
            return weights.zero_();
        double radius = linalg.eigvals(weights).abs().max().ToDouble();
        return radius > 0 && double.IsFinite(1 / radius) ? Multiply(weights, config.EffectiveSpectralRadius / radius)
            : throw new InvalidConfigException(
                [$"all eigenvalues of a reservoir of {units} units of which each reads {read} are zero: take more hidden units, or less "
                    + "sparsity"]);
    }
}
