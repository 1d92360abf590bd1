using CharLM.Randomness;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>What a <see cref="SequenceTrainer"/> trains: a model, and examples of different lengths.</summary>
public interface ISequenceTask
{
    /// <summary>The model.</summary>
    nn.Module Model { get; }

    /// <summary>How long each example is, in tokens: those of like length are put side by side.</summary>
    IReadOnlyList<int> Lengths { get; }

    /// <summary>The loss of some examples.</summary>
    /// <param name="examples">Which ones.</param>
    /// <param name="progress">The part of the training that is done, 0 to 1.</param>
    /// <param name="random">For what is random in this step.</param>
    /// <returns>Mean cross-entropy in nats, and over how many predictions it was taken.</returns>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random);

    /// <summary>The same with nothing random: the loss of what is only measured.</summary>
    /// <param name="examples">Which ones.</param>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples);
}
