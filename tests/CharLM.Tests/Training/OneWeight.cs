using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>A module of one weight, or of a few, and what optimizers make of it with given gradients.</summary>
internal sealed unsafe class OneWeight : nn.Module
{
    /// <summary>A module of weights with these values: weight, weight1 and so on.</summary>
    public OneWeight(params float[][] values)
        : base(nameof(OneWeight))
    {
        foreach ((int place, float[] some) in values.Index())
            register_parameter(place == 0 ? "weight" : $"weight{place}", new Parameter(tensor(some).clone()));
    }

    public Parameter Weight => get_parameter("weight")!;

    public float[] Values => FloatArray.Of(Weight);

    /// <summary>The values after one step for each gradient, by an optimizer of tensors.</summary>
    public static float[] ByTensors(Func<Parameter, IOptimizer> create, float[] begin, float[][] gradients)
    {
        using var module = new OneWeight(begin);
        using IOptimizer update = create(module.Weight);
        foreach (float[] gradient in gradients)
        {
            // A step within a scope of its own, as in training: the state must outlive it.
            using DisposeScope step = NewDisposeScope();
            module.Weight.grad = tensor(gradient).clone();
            update.Step();
        }
        return module.Values;
    }

    /// <summary>The same by the kernels' optimizer.</summary>
    public static float[] ByFused(Func<RawWeights, Workers, FusedOptimizer> create, float[] begin, float[][] gradients)
    {
        using var module = new OneWeight(begin);
        using var raw = new RawWeights(module);
        using var workers = new Workers(1);
        using FusedOptimizer update = create(raw, workers);
        foreach (float[] gradient in gradients)
        {
            gradient.CopyTo(new Span<float>(raw["weight"].Gradient, gradient.Length));
            update.Step();
        }
        return module.Values;
    }

    /// <summary>The output weight of a small model after three training steps: whether a setting reaches its optimizer.</summary>
    public static float[] AfterThreeSteps(Implementation implementation, TrainerConfig config)
    {
        manual_seed(2);
        using var model = new LanguageModel(
            new ModelConfig { NumHiddens = 4, Implementation = implementation, Init = WeightInit.Xavier }, 5);
        using ITrainingBackend backend = TrainingBackends.Create(model, config);
        backend.ResetState();
        for (int step = 0; step < 3; step++)
        {
            backend.Learn([0, 1, 2, 3, 4, 1], [1, 2, 3, 4, 1, 0], 2, 3, dropoutKey: 0, gradientScales: []);
            backend.Optimizer.Step();
        }
        return FloatArray.Of(model.get_parameter("linear.weight")!);
    }
}
