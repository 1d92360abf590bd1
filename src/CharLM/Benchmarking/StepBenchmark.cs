using System.Diagnostics;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Benchmarking;

/// <summary>Measures whole training steps: forward, backward, clip, update, as the trainer takes them.</summary>
public static class StepBenchmark
{
    private const double ClipNorm = 1;

    /// <summary>Measures a shape.</summary>
    /// <param name="shape">What.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <exception cref="InvalidConfigException">The shape has a fault.</exception>
    public static StepTiming Measure(StepShape shape, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shape);
        InvalidConfigException.ThrowIfAny(shape.Faults());
        long? before = PeakMemory.Restart();
        manual_seed(1);
        using var model = new LanguageModel(shape.Model, shape.VocabSize) { Threads = shape.Threads };
        // A rate at which weights hardly move: what is measured must not depend on how well it learns.
        using ILearner learner = Learners.Create(model, new TrainerConfig { LearningRate = 1e-4, BatchSize = shape.BatchSize, NumSteps = shape.NumSteps });
        var random = new RandomStream(1, "benchmark");
        long[] inputs = new long[shape.Tokens], targets = new long[shape.Tokens];
        for (int i = 0; i < inputs.Length; i++)
            (inputs[i], targets[i]) = (random.Next(shape.VocabSize), random.Next(shape.VocabSize));

        void Step()
        {
            cancellationToken.ThrowIfCancellationRequested();
            learner.Learn(inputs, targets, shape.BatchSize, shape.NumSteps, 1, []);
            learner.Update.Clip(ClipNorm);
            learner.Update.Step();
        }

        Round(Step, shape.SecondsOfRound, atLeast: 3); // compiles the kernels and chooses the threads
        double[] rounds = [.. Enumerable.Range(0, shape.Rounds).Select(_ => Round(Step, shape.SecondsOfRound, atLeast: 1)).Order()];
        double median = (rounds[(rounds.Length - 1) / 2] + rounds[rounds.Length / 2]) / 2;
        return new StepTiming(shape, median, rounds[0], rounds[^1], PeakMemory.Read() - before);
    }

    // The mean time of a step over at least so many seconds and steps.
    private static double Round(Action step, double seconds, int atLeast)
    {
        var clock = Stopwatch.StartNew();
        int steps = 0;
        do
        {
            step();
            steps++;
        }
        while (steps < atLeast || clock.Elapsed.TotalSeconds < seconds);
        return clock.Elapsed.TotalSeconds / steps;
    }
}
