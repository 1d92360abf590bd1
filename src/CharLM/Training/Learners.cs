using CharLM.Models;

namespace CharLM.Training;

/// <summary>Chooses what learns a model: the kernels where they compute it as a whole, else torch's automatic differentiation.</summary>
internal static class Learners
{
    /// <summary>A learner of a model with the optimizer of a configuration.</summary>
    public static ILearner Create(LanguageModel model, TrainerConfig config)
    {
        if (model.UsesKernels)
            return new FusedLearner(model, config);
        IUpdate update = config.Optimizer == OptimizerKind.Sgd && model.Config.Implementation == Implementation.Custom
            ? new ScratchSgd(model.parameters(), config.LearningRate, config.WeightDecay)
            : new TorchUpdate(config.Optimizer, model.parameters(), config.LearningRate, config.WeightDecay);
        return new TorchLearner(model, update);
    }
}
