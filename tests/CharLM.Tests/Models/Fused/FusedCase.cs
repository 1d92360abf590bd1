using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;
using CharLM.Torch;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>One model and minibatch, learned by the kernels and by torch.nn.</summary>
internal sealed unsafe class FusedCase : IDisposable
{
    private readonly RawWeights _raw;
    private readonly ModelConfig _config;

    public FusedCase(ModelConfig config, int vocab, int batch, int steps, int seed)
    {
        (Batch, Steps, Vocab) = (batch, steps, vocab);
        manual_seed(seed);
        BuiltIn = new LanguageModel(config with { Implementation = Implementation.BuiltIn, WeightDropout = 0 }, vocab);
        _config = BuiltIn.Config with { WeightDropout = config.WeightDropout };
        _raw = new RawWeights(BuiltIn);
        var random = new Random(seed);
        Inputs = [.. Enumerable.Range(0, batch * steps).Select(_ => random.Next(vocab))];
        Targets = [.. Enumerable.Range(0, batch * steps).Select(_ => random.Next(vocab))];
    }

    public LanguageModel BuiltIn { get; }

    public int Batch { get; }

    public int Steps { get; }

    public int Vocab { get; }

    public int[] Inputs { get; }

    public int[] Targets { get; }

    public void Dispose()
    {
        _raw.Dispose();
        BuiltIn.Dispose();
    }

    /// <summary>The kernels' loss and gradients of the last of several minibatches with carried state.</summary>
    public (double Loss, Dictionary<string, float[]> Gradients) Kernels(
        LaneWidth width = LaneWidth.Best, int workers = 1, int minibatches = 1, float[]? scales = null, int sampled = 0)
    {
        using var threads = new Workers(workers);
        using var network = new FusedNetwork(_config, Vocab, _raw, threads, width, sampled);
        double loss = 0;
        for (int i = 0; i < minibatches; i++)
            loss = network.Learn(Inputs, Targets, Batch, Steps, dropoutKey: 1, scales);
        return (loss, Gradients());
    }

    /// <summary>The kernels' loss and gradients of the minibatch, after another one with other targets if there is one.</summary>
    public (double Loss, Dictionary<string, float[]> Gradients) KernelsAfter(int[]? earlierTargets, int sampled)
    {
        using var threads = new Workers(1);
        using var network = new FusedNetwork(_config, Vocab, _raw, threads, LaneWidth.Best, sampled);
        if (earlierTargets is not null)
            network.Learn(Inputs, earlierTargets, Batch, Steps, dropoutKey: 5);
        network.Stack.ZeroState();
        double loss = network.Learn(Inputs, Targets, Batch, Steps, dropoutKey: 1);
        return (loss, Gradients());
    }

    /// <summary>The kernels' loss of the same minibatch from a zero state with each of some keys.</summary>
    public double[] LossesOfKeys(int keys, int sampled)
    {
        using var threads = new Workers(1);
        using var network = new FusedNetwork(_config, Vocab, _raw, threads, LaneWidth.Best, sampled);
        return [.. Enumerable.Range(0, keys).Select(key =>
        {
            network.Stack.ZeroState();
            return network.Learn(Inputs, Targets, Batch, Steps, (ulong)key << 32);
        })];
    }

    /// <summary>The same from torch.</summary>
    public (double Loss, Dictionary<string, float[]> Gradients) Torch(int minibatches = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        RecurrentState state = BuiltIn.BeginState(Batch);
        double loss = 0;
        for (int i = 0; i < minibatches; i++)
        {
            BuiltIn.zero_grad();
            (Tensor logits, RecurrentState after) = BuiltIn.forward(TokenTensor.Of(Inputs, [Batch, Steps]), state);
            Tensor mean = nn.functional.cross_entropy(logits, LanguageModel.StepByStep(TokenTensor.Of(Targets, [Batch, Steps])));
            mean.backward();
            loss = mean.ToDouble();
            state = after.Detach();
        }
        return (loss, BuiltIn.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.grad!.data<float>().ToArray()));
    }

    /// <summary>Torch's gradients when the state's gradient is scaled before each step.</summary>
    public Dictionary<string, float[]> TorchWithScales(float[] scales)
    {
        using var backend = new TorchBackend(BuiltIn, new ScratchSgd(BuiltIn.parameters(), 1));
        backend.Learn(Inputs, Targets, Batch, Steps, dropoutKey: 1, scales);
        return BuiltIn.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.grad!.data<float>().ToArray());
    }

    /// <summary>
    /// The greatest deviation of any gradient, relative to the greatest value of its weight's gradient or to a hundredth of the greatest of
    /// all: the gradient of a one-element weight can be a small difference of large terms, with few correct digits.
    /// </summary>
    public static double Deviation(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual)
    {
        double greatest = 0, least = expected.Values.Max(Greatest) / 100;
        foreach ((string name, float[] gradient) in expected)
        {
            double scale = Math.Max(Greatest(gradient), least);
            double deviation = gradient.Zip(actual[name]).Max(pair => Math.Abs((double)pair.First - pair.Second));
            greatest = Math.Max(greatest, deviation / Math.Max(scale, 1e-12));
        }
        return greatest;
    }

    private Dictionary<string, float[]> Gradients() => _raw.All.ToDictionary(
        weight => weight.Name, weight => new ReadOnlySpan<float>(weight.Gradient, weight.Length).ToArray());

    private static double Greatest(float[] gradient) => gradient.Max(value => Math.Abs((double)value));
}
