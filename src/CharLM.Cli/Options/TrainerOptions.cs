using System.CommandLine;
using CharLM.Batching;
using CharLM.Training;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="TrainerConfig"/>.</summary>
internal sealed class TrainerOptions
{
    private readonly Option<int?> _epochs = OptionOf.Integer("--epochs", "N", "Passes over the text. [default: 500]");
    private readonly Option<int?> _batchSize = OptionOf.Integer("--batch-size", "N", "Rows of a minibatch. [default: 32]");
    private readonly Option<int?> _numSteps = OptionOf.Integer("--num-steps", "N", "Tokens of a row: how far back gradients go. [default: 35]");
    private readonly Option<SamplingOrder?> _sampling = OptionOf.Choice<SamplingOrder>("--sampling", "Read on from minibatch to minibatch with the state carried, or from anywhere with the state zeroed. [default: sequential]");
    private readonly Option<OptimizerKind?> _optimizer = OptionOf.Choice<OptimizerKind>("--optimizer", "How gradients change the weights. [default: sgd]");
    private readonly Option<double?> _learningRate = OptionOf.Number("--lr", "X", "Learning rate. [default: 1]");
    private readonly Option<double?> _clip = OptionOf.Number("--clip", "X", "Greatest global norm of the gradients; 0 never clips. [default: 1]");
    private readonly Option<long?> _seed = OptionOf.Long("--seed", "N", "Fixes every random choice. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _epochs, _batchSize, _numSteps, _sampling, _optimizer, _learningRate, _clip, _seed })
            command.Add(option);
    }

    /// <summary>A configuration with the given options over a base.</summary>
    public TrainerConfig Apply(ParseResult parse, TrainerConfig under) => under with
    {
        NumEpochs = parse.GetValue(_epochs) ?? under.NumEpochs,
        BatchSize = parse.GetValue(_batchSize) ?? under.BatchSize,
        NumSteps = parse.GetValue(_numSteps) ?? under.NumSteps,
        Sampling = parse.GetValue(_sampling) ?? under.Sampling,
        Optimizer = parse.GetValue(_optimizer) ?? under.Optimizer,
        LearningRate = parse.GetValue(_learningRate) ?? under.LearningRate,
        ClipNorm = parse.GetValue(_clip) ?? under.ClipNorm,
        Seed = parse.GetValue(_seed) ?? under.Seed,
    };
}
