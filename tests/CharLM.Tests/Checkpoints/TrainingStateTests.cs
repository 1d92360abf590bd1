using System.Runtime.InteropServices;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Checkpoints;

/// <summary>Every state that training can reach survives writing and reading, bit for bit.</summary>
public sealed class TrainingStateTests : IDisposable
{
    private static readonly Vocab Vocab = new([new("a", 3), new("b", 2)]);

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("model.safetensors");

    public void Dispose() => _folder.Dispose();

    // Values at the limits of float32 and float64 as often as ordinary ones.
    [Fact]
    public void Read_AnyStateThatTrainingCanReach_IsWhatWasWritten()
    {
        for (int round = 0; round < 300; round++)
        {
            var random = new RandomStream(round);
            Checkpoint written = State(random);
            CheckpointFile.Write(Path, written);
            Checkpoint read = CheckpointFile.Read(Path);

            Assert.Equal(Bits(written.Weights), Bits(read.Weights));
            TrainerState one = written.Resume!.Trainer, other = read.Resume!.Trainer;
            Assert.Equal(Bits(one), Bits(other));
            var none = new Dictionary<string, float[]>();
            Assert.Equal(one with { Moments = none, Hidden = [], Cell = [], Memory = [] }, other with
            {
                Moments = none,
                Hidden = [],
                Cell = [],
                Memory = [],
            });
            Assert.Equal(written.Progress, read.Progress);
            Assert.Equal((written.Resume.Step, written.Resume.ElapsedSeconds), (read.Resume.Step, read.Resume.ElapsedSeconds));
        }
    }

    // Every kind of schedule, far past the point where its rate underflows.
    [Theory]
    [InlineData(ScheduleKind.Constant, 1e-300)]
    [InlineData(ScheduleKind.Step, 1e-20)]
    [InlineData(ScheduleKind.Plateau, 1e-20)]
    [InlineData(ScheduleKind.Cosine, 1e-320)]
    public void Faults_TrainerAfterManyEpochs_HasNone(ScheduleKind kind, double rate)
    {
        var schedule = new ScheduleConfig { Kind = kind, StepEpochs = 1, PlateauEpochs = 1 };
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 2 }, 3);
        var config = new TrainerConfig { NumEpochs = 3000, BatchSize = 1, NumSteps = 2, LearningRate = rate, Schedule = schedule };
        using var trainer = new Trainer(model, config, new[] { 1, 2, 1, 2, 1 });
        for (int epoch = 0; epoch < 3000; epoch++)
        {
            trainer.TrainEpoch(epoch, cancellationToken: TestContext.Current.CancellationToken);
            trainer.EpochEnded(1);
        }
        TrainerState state = trainer.CopyState();
        Assert.Empty(state.Errors());
        trainer.SetState(state);
        Assert.Equal(kind == ScheduleKind.Plateau ? 0 : 1, state.Schedule.Scale);
    }

    [Fact]
    public void Write_ModelWithAWeightOfItsOwn_IsRefusedAndTheOldFileStays()
    {
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 2 }, Vocab.Count);
        Checkpoint plain = State(new RandomStream(1)) with { Resume = null, Model = model.Config, Weights = Checkpoint.CopyWeights(model) };
        CheckpointFile.Write(Path, plain);
        byte[] before = File.ReadAllBytes(Path);
        model.register_parameter("mine", new TorchSharp.Modules.Parameter(zeros(3)));
        var e = Assert.Throws<CheckpointException>(() => CheckpointFile.Write(Path, plain with
        {
            Weights = Checkpoint.CopyWeights(model),
        }));
        Assert.Contains("cannot be written, since no reader would accept it", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path));
        Assert.Contains("'mine'", e.Message, StringComparison.Ordinal);
        Assert.Contains("linear.bias", Refused(plain, weights => weights.Remove("linear.bias")), StringComparison.Ordinal);
        Assert.Contains("linear.bias", Refused(plain, weights => weights["linear.bias"] = new WeightArray([1], [0])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ModelOnPairsWithAWeightOfItsOwn_IsRefused()
    {
        var pairs = new PairFile("pairs", new string('0', 64), [new TextPair("ab", "x", 1), new TextPair("b", "y", 2)]);
        using TrainedClassifier model = TrainedClassifier.Create(
            new ClassifierConfig { Model = new ModelConfig { NumHiddens = 2 } }, pairs, seed: 1);
        model.Write(Path, new TrainerConfig(), pairs, new TrainingProgress());
        model.Model.register_parameter("mine", new TorchSharp.Modules.Parameter(zeros(3)));
        var e = Assert.Throws<CheckpointException>(() => model.Write(Path, new TrainerConfig(), pairs, new TrainingProgress()));
        Assert.Contains("'mine'", e.Message, StringComparison.Ordinal);
        TrainedClassifier.Open(Path).Dispose();
    }

    private string Refused(Checkpoint checkpoint, Action<Dictionary<string, WeightArray>> change)
    {
        var weights = new Dictionary<string, WeightArray>(checkpoint.Weights);
        change(weights);
        return Assert.Throws<CheckpointException>(() => CheckpointFile.Write(Path, checkpoint with { Weights = weights })).Message;
    }

    private static Checkpoint State(RandomStream random)
    {
        var cell = (CellKind)random.Next(3);
        bool attends = random.Next(2) == 0;
        var config = new ModelConfig
        {
            Cell = cell,
            NumHiddens = 1 + random.Next(3),
            NumLayers = 1 + random.Next(2),
            Implementation = Implementation.BuiltIn,
            Attention = attends ? AttentionKind.Dot : null,
        };
        IReadOnlyDictionary<string, long[]> shapes = WeightShapes.Of(config, Vocab.Count);
        Dictionary<string, WeightArray> weights = shapes.ToDictionary(
            shape => shape.Key, shape => new WeightArray(shape.Value, Values(random, shape.Value)));
        var optimizer = (OptimizerKind)random.Next(4);
        var kind = (ScheduleKind)random.Next(4);
        int rows = 1 + random.Next(3);
        long[] carried = [config.NumLayers, rows, config.NumHiddens];
        var trainer = new TrainerState
        {
            Epoch = random.Next(1_000_000),
            Batch = random.Next(1000),
            Nats = Number(random),
            Tokens = random.Next(int.MaxValue),
            GradientNorms = Number(random),
            Seconds = Number(random),
            LearningRate = Number(random),
            Schedule = new Schedule.Memory(
                kind == ScheduleKind.Plateau ? Math.Pow(0.5, random.Next(1100)) : 1,
                    random.Next(2) == 0 ? double.PositiveInfinity : Number(random), random.Next(9)),
            OptimizerSteps = random.Next(int.MaxValue),
            Moments = OptimizerMoments.MomentsOf(optimizer)
                .SelectMany(moment => shapes.Select(shape => (Name: $"{moment}.{shape.Key}", shape.Value)))
                .ToDictionary(moment => moment.Name, moment => Values(random, moment.Value)),
            Hidden = Values(random, carried),
            Cell = cell == CellKind.Lstm ? Values(random, carried) : [],
            Memory = attends ? Values(random, [1 + random.Next(4), rows, config.NumHiddens]) : [],
        };
        return new Checkpoint
        {
            Model = config.Resolved(),
            Text = new TextConfig(),
            Vocab = Vocab,
            Training = new TrainerConfig { Optimizer = optimizer, Schedule = new ScheduleConfig { Kind = kind } },
            Corpus = new CorpusRecord("a text", new string('a', 64)),
            Progress = new TrainingProgress
            {
                Epochs = trainer.Epoch,
                TrainLoss = Number(random),
                HeldOutLoss = Number(random),
                BestHeldOutLoss = Number(random),
                BestEpoch = 1,
                LongestWait = 2,
                TrainedSeconds = Number(random),
            },
            Weights = weights,
            Resume = new ResumeState
            {
                Trainer = trainer,
                Step = random.Next(int.MaxValue),
                ElapsedSeconds = Number(random),
                MetricsBytes = 7,
                SamplesBytes = 0,
            },
        };
    }

    // 0 or more, and finite.
    private static double Number(RandomStream random) => random.Next(6) switch
    {
        0 => 0,
        1 => double.Epsilon * (1 + random.Next(9)),
        2 => double.MaxValue * random.NextDouble(),
        3 => Math.Pow(10, -random.Next(320)),
        _ => random.NextDouble() * 1000,
    };

    private static float[] Values(RandomStream random, long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.Next(8) switch
            {
                0 => float.NaN,
                1 => float.NegativeInfinity,
                2 => -0f,
                3 => float.Epsilon,
                4 => float.MaxValue,
                _ => (float)random.NextDouble() - 0.5f,
            };
        }
        return values;
    }

    private static IEnumerable<string> Bits(IReadOnlyDictionary<string, WeightArray> weights) =>
        weights.OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .Select(weight => $"{weight.Key} [{string.Join(", ", weight.Value.Shape)}] {Bits(weight.Value.Values)}");

    private static IEnumerable<string> Bits(TrainerState state) =>
        [.. state.Moments.OrderBy(moment => moment.Key, StringComparer.Ordinal).Select(moment => $"{moment.Key} {Bits(moment.Value)}"),
            Bits(state.Hidden), Bits(state.Cell), Bits(state.Memory)];

    private static string Bits(float[] values) => Convert.ToHexString(MemoryMarshal.AsBytes<float>(values));
}
