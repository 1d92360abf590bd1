using System.Runtime.InteropServices;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Randomness;
using CharLM.Training;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Pairs;

/// <summary>Runs on pairs in run directories: a run interrupted anywhere and resumed ends like an uninterrupted one.</summary>
public sealed class PairRunTests : IDisposable
{
    private static readonly PairFile Words = Make("words", 1, 70), OtherWords = Make("others", 2, 20);

    private static readonly ClassifierConfig Classifier = new()
    {
        Model = new ModelConfig { NumHiddens = 6, NumLayers = 2, Dropout = 0.2, Bidirectional = true },
        Pooling = Pooling.Attention,
    };

    private static readonly PairRunConfig Classifying = new(Classifier)
    {
        Data = "words",
        Validation = "others",
        Training = new TrainerConfig
        {
            NumEpochs = 3,
            BatchSize = 8,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 0.01,
            Schedule = new ScheduleConfig { Kind = ScheduleKind.Plateau, PlateauEpochs = 1 },
        },
        SampleEvery = 1,
        CheckpointEvery = CheckpointInterval.Steps(4),
    };

    private static readonly TranslatorConfig Translator = new()
    {
        Model = new ModelConfig { NumHiddens = 6, Bidirectional = true, OutputDropout = 0.1 },
        Attention = SourceAttention.Dot,
        TeacherForcing = 0.8,
        TeacherForcingEnd = 0.4,
        MaxTarget = 10,
    };

    private static readonly PairRunConfig Translating = new(Translator)
    {
        Data = "words",
        Validation = "others",
        Training = Classifying.Training with { Optimizer = OptimizerKind.RmsProp },
        CheckpointEvery = CheckpointInterval.Epochs(1),
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<OptimizerKind, Implementation> Kinds => new()
    {
        { OptimizerKind.Adam, Implementation.Fused },
        { OptimizerKind.RmsProp, Implementation.Fused },
        { OptimizerKind.AdamW, Implementation.BuiltIn },
        { OptimizerKind.Sgd, Implementation.Custom },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Resume_ClassifierCutAnywhere_EndsBitByBitAsUncut(OptimizerKind optimizer, Implementation implementation)
    {
        PairRunConfig config = Classifying with
        {
            Model = Classifier with { Model = Classifier.Model with { Implementation = implementation } },
            Training = Classifying.Training with { Optimizer = optimizer },
        };
        RunDirectory whole = Run("whole", config);
        // Within an epoch of 9 minibatches, at its end, and right after a checkpoint.
        foreach (int steps in new[] { 3, 6, 1, 7 })
            Run("parts", config, cutAfter: steps);
        AssertSame(whole, Run("parts", config));
    }

    [Fact]
    public void Resume_TranslatorThatReadsItsOwnTokensCutAnywhere_EndsBitByBitAsUncut()
    {
        RunDirectory whole = Run("whole", Translating);
        foreach (int steps in new[] { 4, 5, 11 })
            Run("parts", Translating, cutAfter: steps);
        AssertSame(whole, Run("parts", Translating));
    }

    [Fact]
    public void Resume_KilledBetweenCheckpoints_RepeatsWithoutLosingOrRepeatingALine()
    {
        RunDirectory whole = Run("whole", Classifying);
        foreach (int steps in new[] { 2, 10, 7, 5 })
            Run("parts", Classifying, killAfter: steps);
        AssertSame(whole, Run("parts", Classifying));
    }

    // Measuring an epoch can take long: what was learned before it must not be learned again.
    [Fact]
    public void Resume_CutWhileHeldOutPairsAreMeasured_MeasuresThemAndGoesOn()
    {
        RunDirectory whole = Run("whole", Translating), parts = Run("parts", Translating, cutAfter: 9);
        ResumeState state = RunKind.Translator.Read(parts.LastCheckpointPath).Resume!;
        Assert.Equal((0, 9, 9), (state.Trainer.Epoch, state.Trainer.Batch, state.Step));
        Assert.Empty(EpochMetrics.Read(parts.MetricsPath));
        AssertSame(whole, Run("parts", Translating));
    }

    [Fact]
    public void Execute_InARunDirectory_WritesAllOfTheRunAndItsConfigurationRepeatsIt()
    {
        RunDirectory run = Run("whole", Classifying);
        Assert.Equal(RunDirectoryState.Complete, run.State);
        PairRunConfig config = RunConfigFile.Read(run.ConfigPath, new PairRunConfig(new ClassifierConfig()));
        Assert.Equal(Classifying with { Data = Path.GetFullPath("words"), Validation = Path.GetFullPath("others") }, config);
        RunEnvironment environment = RunEnvironment.Read(run.EnvironmentPath);
        Assert.Equal((Words.Sha256, "others", OtherWords.Sha256),
            (environment.CorpusSha256, environment.HeldOut, environment.HeldOutSha256));
        IReadOnlyList<EpochMetrics> metrics = EpochMetrics.Read(run.MetricsPath);
        Assert.Equal([(1, 9L), (2, 18L), (3, 27L)], metrics.Select(line => (line.Epoch, line.Step)));

        // The figures equal those of the saved model, measured again.
        using TrainedClassifier last = TrainedClassifier.Open(run.LastCheckpointPath, threads: 1),
            best = TrainedClassifier.Open(run.BestCheckpointPath, threads: 1);
        Assert.Equal(last.Measure(OtherWords.Pairs).Accuracy, metrics[^1].HeldOut!["accuracy"]);
        Assert.Equal(last.Measure(OtherWords.Pairs).MacroF1, metrics[^1].HeldOut!["macro_f1"]);
        Assert.Equal(last.Loss(OtherWords.Pairs).Mean, metrics[^1].HeldOutLoss);
        double greatest = metrics.Max(line => line.HeldOut!["accuracy"]);
        RunSummary summary = RunSummary.Read(run.ResultPath);
        Assert.Equal((3, 27L, greatest, best.Start!.Progress.Epochs),
            (summary.Epochs, summary.Steps, summary.BestHeldOut, summary.BestEpoch));
        Assert.Equal(greatest, best.Measure(OtherWords.Pairs).Accuracy);
        Assert.Equal(["after epoch 1:", "after epoch 2:", "after epoch 3:"],
            File.ReadLines(run.SamplesPath).Where(line => line.StartsWith("after ", StringComparison.Ordinal)));
        Assert.Equal(
            [.. OtherWords.Pairs.Take(5)
                .Zip(last.Predict([.. OtherWords.Pairs.Take(5).Select(pair => pair.Source)]), (pair, label) =>
                    $"{pair.Source}\t{label}\t{pair.Target}"), ""],
            File.ReadAllLines(run.SamplesPath)[^6..]);

        AssertSame(run, Run("again", config));
    }

    [Fact]
    public void Execute_Patience_EndsWhenTheHeldOutPairsBecomeNoBetterAndStaysEnded()
    {
        // With a learning rate of almost zero, the first epoch is the best.
        PairRunConfig config = Classifying with
        {
            Patience = 2,
            Training = Classifying.Training with { NumEpochs = 9, LearningRate = 1e-12 },
        };
        RunDirectory run = Run("run", config);
        Assert.Equal([1, 2, 3], EpochMetrics.Read(run.MetricsPath).Select(line => line.Epoch));
        RunSummary summary = RunSummary.Read(run.ResultPath);
        Assert.Equal((true, 1, 3), (summary.StoppedEarly, summary.BestEpoch, summary.Epochs));
        using RunSession session = RunKind.Classifier.Resume(run.Path);
        Assert.Contains("is complete: it ended after 3 epochs", Assert.Single(session.Conflicts(config)), StringComparison.Ordinal);
    }

    // With many correct targets, exact match is meaningless.
    [Fact]
    public void Execute_LabelThatSteers_IsRankedByTheLossOfTheHeldOutPairs()
    {
        PairRunConfig config = Translating with
        {
            Model = Translator with { Source = SourceKind.Label, Attention = SourceAttention.None },
            Training = Translating.Training with { NumEpochs = 6, LearningRate = 0.03 },
        };
        PairFile Steering(PairFile words) => words with
        {
            Pairs = [.. words.Pairs.Select(pair => new TextPair(pair.Target, pair.Source, pair.Line))],
        };
        string path = _folder.File("run");
        using (RunSession session = RunKind.Translator.New(path))
        {
            RunResult result = new PairRun(config, threads: 1, session: session).Execute(Steering(Words), Steering(OtherWords));
            IReadOnlyList<EpochMetrics> metrics = EpochMetrics.Read(session.Directory.MetricsPath);
            EpochMetrics best = metrics.MinBy(line => line.HeldOutLoss)!;
            Assert.All(metrics, line => Assert.Null(line.HeldOut));
            Assert.Equal(("loss", best.Epoch), (result.Best!.Value.Figure, result.Best.Value.Epoch));
            Assert.Equal(best.HeldOutLoss!.Value, result.Best.Value.Value, 1e-9);
            Assert.Equal(result.Best.Value.Value, RunSummary.Read(session.Directory.ResultPath).BestHeldOut!.Value);
        }
        var record = RunRecord.Read(path);
        PairMeasurement measured = new RunEvaluator(threads: 1).Measure(record, Steering(OtherWords));
        Assert.Equal(record.Best!.HeldOutLoss!.Value, measured.Loss.Mean, 1e-6);
        using var writer = new StringWriter();
        MarkdownReport.Write(RunReport.Of([record], [measured], []), writer);
        Assert.Contains("best loss", writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("exact match", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OtherConfigurationOrPairs_ListsWhatIsOther()
    {
        RunDirectory run = Run("parts", Classifying, cutAfter: 5);
        using RunSession session = RunKind.Classifier.Resume(run.Path);
        var config = (PairRunConfig)session.Config!;
        PairRunConfig other = config with
        {
            Model = Classifier with { Pooling = Pooling.Mean },
            Training = config.Training with { Seed = 7 },
        };
        Assert.Equal(
            ["model.pooling is attention in the run and cannot become mean", "training.seed is 0 in the run and cannot become 7"],
            Assert.Throws<InvalidConfigException>(() => new PairRun(other, session: session))
                .Errors);
        var same = new PairRun(config, session: session);
        Assert.Contains("others holds other pairs than the run's",
            Assert.Throws<InvalidConfigException>(() => same.Execute(OtherWords, OtherWords)).Message, StringComparison.Ordinal);
        Assert.Contains("validation is missing", Assert.Throws<InvalidConfigException>(() => same.Execute(Words)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_RunOfAnotherKind_SaysWhichCommandGoesOn()
    {
        RunDirectory run = Run("parts", Classifying, cutAfter: 5);
        Assert.Contains("holds the run of a classifier, not of a translator: charlm classify train resumes it",
            Assert.Throws<RunDirectoryException>(() => RunKind.Translator.Resume(run.Path)).Message,
                StringComparison.Ordinal);
        Assert.Contains("not of a language model",
            Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(run.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("configures a classifier, not a language model",
            Assert.Throws<ConfigFileException>(() => RunConfigFile.Read(run.ConfigPath)).Message, StringComparison.Ordinal);
        Assert.Null(RunDirectory.NewestResumable(Path.GetDirectoryName(run.Path)!, RunKind.LanguageModel.Owns));
        Assert.Equal(run.Path,
            RunDirectory.NewestResumable(
                Path.GetDirectoryName(run.Path)!, RunKind.Classifier.Owns)!.Path);
    }

    [Fact]
    public void Faults_ConfigurationsThatCannotBe_SayWhy() => Assert.Equal(
        [
            "kind must be classifier, not translator",
            "data must name a file of pairs: give --data",
            "num_steps, sampling, reset_every, train_windows, validation_windows, truncation and truncation_keep are about "
                + "running text: leave them as they are",
            "patience waits for better held-out pairs: give --validation",
        ],
        new PairRunConfig(new ClassifierConfig())
        {
            Kind = "translator",
            Patience = 1,
            Training = new TrainerConfig { NumSteps = 3 }
        }.Errors());

    // Words of a and b; the target is the first letter, then the rest of the word.
    private static PairFile Make(string name, long seed, int count)
    {
        var random = new RandomStream(seed);
        TextPair[] pairs = [.. Enumerable.Range(1, count)
            .Select(line => (string.Concat(Enumerable.Range(0, 2 + random.Next(5)).Select(_ => "ab"[random.Next(2)])), line))
                .Select(word => new TextPair(word.Item1, word.Item1[..1], word.line))];
        return new PairFile(name, new string((char)('0' + seed), 64), pairs);
    }

    // Compares everything except times.
    private static void AssertSame(RunDirectory whole, RunDirectory parts)
    {
        RunKind kind = RunKind.Of(RunConfigFile.KindOf(whole.ConfigPath));
        PairCheckpoint one = Read(whole.LastCheckpointPath), other = Read(parts.LastCheckpointPath);
        Assert.Equal(Bits(one.Weights), Bits(other.Weights));
        Assert.Equal(one.Resume!.Trainer.Moments.OrderBy(moment => moment.Key),
            other.Resume!.Trainer.Moments.OrderBy(moment => moment.Key));
        Assert.Equal(one.Progress with { TrainedSeconds = 0 }, other.Progress with { TrainedSeconds = 0 });
        Assert.Equal((one.Resume.Step, one.Resume.Trainer.Schedule, one.Resume.Trainer.OptimizerSteps),
            (other.Resume.Step, other.Resume.Trainer.Schedule, other.Resume.Trainer.OptimizerSteps));
        Assert.Equal(Bits(Read(whole.BestCheckpointPath).Weights), Bits(Read(parts.BestCheckpointPath).Weights));
        Assert.Equal(Timeless(whole), Timeless(parts));
        Assert.Equal(File.ReadAllText(whole.SamplesPath), File.ReadAllText(parts.SamplesPath));

        PairCheckpoint Read(string path) => (PairCheckpoint)kind.Read(path);
    }

    private static IEnumerable<string> Timeless(RunDirectory run) => EpochMetrics.Read(run.MetricsPath)
        .Select(line => CheckpointMetadata.WritePart(line with { Seconds = 0, ElapsedSeconds = 0, TokensPerSecond = 0 }));

    private static IEnumerable<string> Bits(IReadOnlyDictionary<string, WeightArray> tensors) =>
        tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal)
            .Select(tensor => $"{tensor.Key} {Convert.ToHexString(MemoryMarshal.AsBytes<float>(tensor.Value.Values))}");

    // Cut: cancelled, so it saves. Killed: without warning; only what was written before remains.
    private RunDirectory Run(string name, PairRunConfig config, int cutAfter = int.MaxValue, int killAfter = int.MaxValue)
    {
        var directory = new RunDirectory(_folder.File(name));
        RunKind kind = RunKind.Of(config.Model.Kind);
        using RunSession session = directory.State == RunDirectoryState.Resumable
            ? kind.Resume(directory.Path) : kind.New(directory.Path);
        using var cancel = new CancellationTokenSource();
        try
        {
            new PairRun(config, threads: 1, session: session).Execute(
                Words,
                OtherWords,
                Interruption.After(cutAfter, killAfter, cancel),
                cancel.Token);
        }
        catch (KilledException)
        {
        }
        return directory;
    }
}
