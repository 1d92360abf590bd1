using System.Diagnostics;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Workbench.Benchmarking;

/// <summary>Measures complete training steps as the trainer takes them: forward, backward, clip, update.</summary>
/// <remarks>Thread safety: not thread-safe; a measurement needs the machine, and torch's number of threads, for itself.</remarks>
public static class StepBenchmark
{
    private const double ClipNorm = 1;

    /// <summary>Measures a shape; on request alternately with torch.nn in the same process, round by round.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    /// <exception cref="InvalidConfigException">The shape has an error.</exception>
    public static StepTiming Measure(StepShape shape, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(shape);
        InvalidConfigException.ThrowIfAny(shape.Errors());
        long? before = PeakMemory.Restart();
        int torchThreads = get_num_threads();
        using var measured = new Contestant(shape, torchThreads);
        measured.Round(atLeast: 3, cancellationToken); // compiles the kernels and chooses the number of threads
        long? memory = PeakMemory.Read() - before;
        Contestant[] peers = shape.BesideBuiltIn && shape.Model.Implementation == Implementation.Fused
            ? [.. PeerThreads(shape.Threads).Select(threads => new Contestant(BuiltIn(shape), threads))] : [];
        try
        {
            foreach (Contestant peer in peers)
                peer.Round(atLeast: 3, cancellationToken);
            Contestant[] all = [measured, .. peers];
            double[][] seconds = [.. all.Select(_ => new double[shape.Rounds])];
            for (int round = 0; round < shape.Rounds; round++)
            {
                for (int i = 0; i < all.Length; i++)
                {
                    // Alternate the direction, so that linear drift affects all contestants equally.
                    int turn = round % 2 == 0 ? i : all.Length - 1 - i;
                    seconds[turn][round] = all[turn].Round(atLeast: 1, cancellationToken);
                }
            }
            return new StepTiming(shape, Median(seconds[0]), seconds[0].Min(), seconds[0].Max(), memory)
            {
                BuiltIn = peers.Select(
                    (peer, i) => new PeerTiming(
                        peer.TorchThreads, Median(seconds[i + 1]), Median(seconds[i + 1].Zip(seconds[0], (its, own) => its / own))))
                    .MinBy(peer => peer.SecondsOfStep),
            };
        }
        finally
        {
            foreach (Contestant peer in peers)
                peer.Dispose();
            set_num_threads(torchThreads);
        }
    }

    private static IEnumerable<int> PeerThreads(int threads) => new[] { 1, threads == 0 ? Environment.ProcessorCount : threads }.Distinct();

    private static StepShape BuiltIn(StepShape shape) => shape with
    {
        Model = shape.Model with { Implementation = Implementation.BuiltIn },
    };

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }

    // A model that trains on the same minibatch repeatedly.
    private sealed class Contestant : IDisposable
    {
        private readonly StepShape _shape;
        private readonly LanguageModel _model;
        private readonly ITrainingBackend _backend;
        private readonly int[] _inputs;
        private readonly int[] _targets;

        public Contestant(StepShape shape, int torchThreads)
        {
            (_shape, TorchThreads) = (shape, torchThreads);
            manual_seed(1);
            _model = new LanguageModel(shape.Model, shape.VocabSize) { Threads = shape.Threads };
            // A small rate keeps weights nearly constant: the speed must not depend on how well the model learns.
            _backend = TrainingBackends.Create(_model, new TrainerConfig
            {
                LearningRate = 1e-4,
                BatchSize = shape.BatchSize,
                NumSteps = shape.NumSteps,
            });
            var random = new RandomStream(1, "benchmark");
            (_inputs, _targets) = (new int[shape.Tokens], new int[shape.Tokens]);
            for (int i = 0; i < _inputs.Length; i++)
                (_inputs[i], _targets[i]) = (random.Next(shape.VocabSize), random.Next(shape.VocabSize));
        }

        /// <summary>Threads of one torch operation.</summary>
        public int TorchThreads { get; }

        /// <summary>The mean time of a step over one round of at least this many steps.</summary>
        public double Round(int atLeast, CancellationToken cancellationToken)
        {
            set_num_threads(TorchThreads);
            var clock = Stopwatch.StartNew();
            int steps = 0;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                _backend.Learn(_inputs, _targets, _shape.BatchSize, _shape.NumSteps, 1, []);
                _backend.Optimizer.Clip(ClipNorm);
                _backend.Optimizer.Step();
                steps++;
            }
            while (steps < atLeast || clock.Elapsed.TotalSeconds < _shape.SecondsOfRound);
            return clock.Elapsed.TotalSeconds / steps;
        }

        public void Dispose()
        {
            _backend.Dispose();
            _model.Dispose();
        }
    }
}
