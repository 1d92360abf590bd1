using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>A run interrupted anywhere and resumed ends exactly like an uninterrupted one.</summary>
public sealed partial class ResumeTests : IDisposable
{
    private static readonly CorpusText Corpus = TestCorpus.Of(
        string.Concat(Enumerable.Range(0, 60).Select(i => $"the cat sat on {(char)('a' + (i % 26))} mat. ")), sha256: new string('0', 64));

    private static readonly RunConfig Config = new()
    {
        Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 },
        Model = new ModelConfig { NumHiddens = 9, NumLayers = 2, Dropout = 0.2, Cell = CellKind.Lstm },
        Training = new TrainerConfig
        {
            NumEpochs = 3,
            BatchSize = 3,
            NumSteps = 7,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 0.01,
            Schedule = new ScheduleConfig { Kind = ScheduleKind.Plateau, PlateauEpochs = 1 },
        },
        Prefix = "the ",
        SampleLength = 5,
        SampleEvery = 1,
        CheckpointEvery = CheckpointInterval.Steps(20),
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<Implementation, CellKind, OptimizerKind, SamplingOrder> Kinds => new()
    {
        { Implementation.Fused, CellKind.Lstm, OptimizerKind.Adam, SamplingOrder.Sequential },
        { Implementation.Fused, CellKind.Gru, OptimizerKind.RmsProp, SamplingOrder.Sequential },
        { Implementation.Fused, CellKind.Rnn, OptimizerKind.Sgd, SamplingOrder.Random },
        { Implementation.BuiltIn, CellKind.Gru, OptimizerKind.AdamW, SamplingOrder.Sequential },
        { Implementation.BuiltIn, CellKind.Lstm, OptimizerKind.RmsProp, SamplingOrder.Random },
        { Implementation.Custom, CellKind.Lstm, OptimizerKind.Sgd, SamplingOrder.Sequential },
        { Implementation.Custom, CellKind.Rnn, OptimizerKind.Adam, SamplingOrder.Sequential },
    };

    [Fact]
    public void Resume_ModelWithAttention_EndsBitByBitAsUncut()
    {
        RunConfig config = Config with
        {
            Model = Config.Model with
            {
                Implementation = Implementation.BuiltIn,
                Cell = CellKind.Gru,
                Attention = AttentionKind.Dot,
                AttentionWindow = 10,
            },
        };
        RunDirectory whole = Run("whole", config);
        Run("parts", config, cutAfter: 1);
        Run("parts", config, cutAfter: 17);
        AssertSame(whole, Run("parts", config));
    }

    [Theory]
    [InlineData(Implementation.Fused, true)]
    [InlineData(Implementation.BuiltIn, false)]
    [InlineData(Implementation.Custom, true)]
    public void Resume_WithMomentum_EndsBitByBitAsUncut(Implementation implementation, bool nesterov)
    {
        RunConfig config = Config with
        {
            Model = Config.Model with { Implementation = implementation, NumLayers = 1, Dropout = 0, Cell = CellKind.Rnn },
            Training = Config.Training with
            {
                Optimizer = OptimizerKind.Sgd,
                LearningRate = 0.1,
                Momentum = 0.9,
                Nesterov = nesterov,
                NumEpochs = 2,
            },
        };
        RunDirectory whole = Run("whole", config);
        Run("parts", config, cutAfter: 17);
        AssertSame(whole, Run("parts", config));
    }

    [Fact]
    public void Resume_RidgeRegressionCutInItsPass_EndsBitByBitAsUncut()
    {
        RunConfig config = Config with
        {
            Model = new ModelConfig { Cell = CellKind.Esn, Implementation = Implementation.Custom, NumHiddens = 20 },
            Training = Config.Training with { Ridge = 1, Schedule = new ScheduleConfig() },
        };
        RunDirectory whole = Run("whole", config);
        Run("parts", config, cutAfter: 17);
        Run("parts", config, cutAfter: 5);
        AssertSame(whole, Run("parts", config));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Resume_CutAnywhere_EndsBitByBitAsUncut(
        Implementation implementation, CellKind cell, OptimizerKind optimizer, SamplingOrder sampling)
    {
        RunConfig config = Config with
        {
            Model = Config.Model with { Implementation = implementation, Cell = cell },
            Training = Config.Training with
            {
                Optimizer = optimizer,
                Sampling = sampling,
                LearningRate = optimizer == OptimizerKind.Sgd ? 1 : 0.01,
            },
        };
        RunDirectory whole = Run("whole", config), parts = new(_folder.File("parts"));
        // Within an epoch, at its end, and right after a checkpoint.
        foreach (int steps in new[] { 3, 70, 1, 26 })
            Run("parts", config, cutAfter: steps);
        Run("parts", config);
        AssertSame(whole, parts);
    }

    [Theory]
    [InlineData(Implementation.Fused, SamplingOrder.Sequential)]
    [InlineData(Implementation.BuiltIn, SamplingOrder.Sequential)]
    [InlineData(Implementation.Custom, SamplingOrder.Random)]
    public void Resume_RunBySteps_EndsBitByBitAsUncut(Implementation implementation, SamplingOrder sampling)
    {
        RunConfig config = Config with
        {
            Model = Config.Model with { Implementation = implementation },
            Training = Config.Training with
            {
                TotalSteps = 101,
                StepsPerEpoch = 17,
                Sampling = sampling,
                ResetEvery = 70,
                Schedule = new ScheduleConfig { Kind = ScheduleKind.Cosine, WarmUpEpochs = 0.5 },
            },
        };
        RunDirectory whole = Run("whole", config);
        foreach (int steps in new[] { 3, 17, 1, 26 })
            Run("parts", config, cutAfter: steps);
        AssertSame(whole, Run("parts", config));
        Assert.Equal([17, 34, 51, 68, 85, 101], EpochMetrics.Read(whole.MetricsPath).Select(epoch => epoch.Step));
    }

    // Odd sizes: rows of 9 floats begin at any address modulo 16, which affects the rounding of small matrix products.
    [Theory]
    [InlineData(Implementation.BuiltIn, CellKind.Gru, null, 3)]
    [InlineData(Implementation.BuiltIn, CellKind.Rnn, null, 33)]
    [InlineData(Implementation.BuiltIn, CellKind.Lstm, null, 33)]
    [InlineData(Implementation.Custom, CellKind.Gru, null, 3)]
    [InlineData(Implementation.Custom, CellKind.Lstm, null, 33)]
    [InlineData(Implementation.BuiltIn, CellKind.Gru, AttentionKind.Dot, 3)]
    [InlineData(Implementation.BuiltIn, CellKind.Lstm, AttentionKind.Dot, 33)]
    public void Resume_OddSizesCutTwentyTimes_EndsBitByBitAsUncut(
        Implementation implementation, CellKind cell, AttentionKind? attention, int batchSize)
    {
        RunConfig config = Config with
        {
            Model = Config.Model with
            {
                Implementation = implementation,
                Cell = cell,
                Attention = attention,
                AttentionWindow = attention is null ? null : 10,
            },
            Training = Config.Training with { BatchSize = batchSize, NumSteps = batchSize == 3 ? 7 : 2 },
            SampleEvery = 0,
        };
        RunDirectory whole = Run("whole", config), parts = new(_folder.File("parts"));
        var garbage = new List<byte[]>();
        for (int cut = 0; cut < 20; cut++)
        {
            garbage.Add(new byte[8 * (cut % 5)]); // shifts later arrays in memory
            Run("parts", config, cutAfter: 2);
        }
        GC.KeepAlive(garbage);
        Assert.Equal(RunDirectoryState.Resumable, parts.State);
        Run("parts", config);
        AssertSame(whole, parts);
    }

    [Fact]
    public unsafe void ToTensor_ArrayAtAnyAddress_LiesWhereTorchPutsItsOwn()
    {
        var addresses = new HashSet<nint>();
        for (int i = 0; i < 50; i++)
        {
            float[] values = [.. Enumerable.Range(0, 9 + (i % 4)).Select(value => (float)value)];
            using TorchSharp.torch.Tensor tensor = FloatArray.ToTensor(values, [1, values.Length]);
            fixed (byte* place = tensor.bytes)
                Assert.Equal(0, (nint)place % 64);
            fixed (float* place = values)
                addresses.Add((nint)place % 64);
            values[0] = 1;
            Assert.Equal(0, tensor[0, 0].item<float>());
        }
        Assert.True(addresses.Count > 1, "no array lay anywhere else");
    }

    [Fact]
    public void Resume_KilledBetweenCheckpoints_RepeatsWithoutLosingOrRepeatingALine()
    {
        RunDirectory whole = Run("whole", Config), parts = new(_folder.File("parts"));
        for (int steps = 2; steps < 60; steps += 13)
            Run("parts", Config, killAfter: steps);
        Run("parts", Config);
        AssertSame(whole, parts);
    }

    [Fact]
    public void Resume_CompleteRun_NeedsMoreEpochs()
    {
        RunDirectory run = Run("whole", Config with { CheckpointEvery = CheckpointInterval.Epochs(0) });
        using (RunSession session = RunKind.LanguageModel.Resume(run.Path))
            Assert.Contains("is complete: it has finished its 3 epochs", Assert.Single(session.Conflicts(session.Config!)),
                StringComparison.Ordinal);
        RunConfig longer = RunConfigFile.Read(run.ConfigPath);
        longer = longer with { Training = longer.Training with { NumEpochs = 5 } };
        using (RunSession session = RunKind.LanguageModel.Resume(run.Path))
            new TrainingRun(longer, session: session).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3, 4, 5], EpochMetrics.Read(run.MetricsPath).Select(line => line.Epoch));
        Assert.Equal(RunDirectoryState.Complete, run.State);
        // The sample that ended the run is kept.
        Assert.Equal([1, 2, 3, 4, 5], SampleFile.Read(run.SamplesPath).Select(sample => sample.Epoch));
    }

    [Fact]
    public void Resume_KilledBetweenTheLastCheckpointAndTheEnd_HasTheLastSampleOnce()
    {
        RunDirectory run = Run("run", Config);
        string samples = File.ReadAllText(run.SamplesPath);
        File.Delete(run.ResultPath);
        Assert.Equal(run.Path, Run("run", Config).Path);
        Assert.Equal(RunDirectoryState.Complete, run.State);
        Assert.Equal(samples, File.ReadAllText(run.SamplesPath));
    }

    // Compares everything except times.
    private static void AssertSame(RunDirectory whole, RunDirectory parts)
    {
        Checkpoint one = CheckpointFile.Read(whole.LastCheckpointPath), other = CheckpointFile.Read(parts.LastCheckpointPath);
        Assert.Equal(Bits(one.Weights.ToDictionary(weight => weight.Key, weight => weight.Value.Values)),
            Bits(other.Weights.ToDictionary(weight => weight.Key, weight => weight.Value.Values)));
        Assert.Equal(Bits(one.Resume!.Trainer.Moments), Bits(other.Resume!.Trainer.Moments));
        Assert.Equal(one.Progress with { TrainedSeconds = 0 }, other.Progress with { TrainedSeconds = 0 });
        Assert.Equal((one.Resume.Step, one.Resume.Trainer.Schedule, one.Resume.Trainer.OptimizerSteps),
            (other.Resume.Step, other.Resume.Trainer.Schedule, other.Resume.Trainer.OptimizerSteps));
        Assert.Equal(Bits(CheckpointFile.Read(whole.BestCheckpointPath)
            .Weights.ToDictionary(weight => weight.Key, weight => weight.Value.Values)),
                Bits(CheckpointFile.Read(parts.BestCheckpointPath)
                    .Weights.ToDictionary(weight => weight.Key, weight => weight.Value.Values)));
        Assert.Equal(Timeless(whole), Timeless(parts));
        Assert.Equal(File.ReadAllText(whole.SamplesPath), File.ReadAllText(parts.SamplesPath));
    }

    private static IEnumerable<EpochMetrics> Timeless(RunDirectory run) => EpochMetrics.Read(run.MetricsPath).Select(line => line with
    {
        Seconds = 0,
        ElapsedSeconds = 0,
        TokensPerSecond = 0,
    });

    private static IEnumerable<string> Bits(IReadOnlyDictionary<string, float[]> tensors) =>
        tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal)
            .Select(tensor => $"{tensor.Key} {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(tensor.Value))}");

    // Cut: cancelled, so it saves. Killed: without warning; only what was written before remains.
    private RunDirectory Run(string name, RunConfig config, int cutAfter = int.MaxValue, int killAfter = int.MaxValue)
    {
        var directory = new RunDirectory(_folder.File(name));
        using RunSession session = directory.State == RunDirectoryState.Resumable
            ? RunKind.LanguageModel.Resume(directory.Path) : RunKind.LanguageModel.New(directory.Path);
        using var cancel = new CancellationTokenSource();
        try
        {
            new TrainingRun(config with { Corpus = "/x" }, session: session).Execute(
                Corpus,
                Interruption.After(cutAfter, killAfter, cancel),
                cancel.Token);
        }
        catch (KilledException)
        {
        }
        return directory;
    }
}
