using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>What a run refuses, when it ends, and what it leaves behind when interrupted.</summary>
public sealed class RunRulesTests : IDisposable
{
    private static readonly CorpusText Corpus = TestCorpus.Of(
        string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 75)), sha256: new string('0', 64));

    private readonly TemporaryFolder _folder = new();

    private RunConfig Config => new()
    {
        Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2, Cleaning = Cleaning.None },
        Model = new ModelConfig { NumHiddens = 6 },
        Training = new TrainerConfig { NumEpochs = 4, BatchSize = 4, NumSteps = 16 },
        Prefix = "the ",
        SampleLength = 5,
        SampleEvery = 0,
        CheckpointEvery = CheckpointInterval.Epochs(1),
        CheckpointPath = _folder.File("model.safetensors"),
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SamplesAfter_Default_OftenAtFirstAndSeldomLater()
    {
        Assert.Equal([1, 2, 5, 10, 20, 50, 100, 200, 500], Due(new RunConfig().SampleEvery));
        Assert.Equal([300, 600], Due(300));
        Assert.Empty(Due(0));

        IEnumerable<int> Due(int? every) => Enumerable.Range(1, 899).Where((Config with { SampleEvery = every }).SamplesAfter);
    }

    // Another number of epochs would change the rate of every step.
    [Theory]
    [InlineData(8)]
    [InlineData(3)]
    public void Conflicts_OtherEpochsUnderACosine_AreRefused(int epochs)
    {
        RunConfig config = Config with { Training = Config.Training with { Schedule = new ScheduleConfig { Kind = ScheduleKind.Cosine } } };
        RunDirectory run = Run("run", config, stopAfterEpoch: 2);
        using RunSession session = RunKind.LanguageModel.Resume(run.Path);
        RunConfig other = ((RunConfig)session.Config!) with { Training = session.Config.Training with { NumEpochs = epochs } };
        var e = Assert.Throws<InvalidConfigException>(() => new TrainingRun(other, session: session));
        Assert.Contains($"training.num_epochs is 4 in the run and cannot become {epochs}: the cosine", Assert.Single(e.Errors),
            StringComparison.Ordinal);
        Assert.Equal(4, RunConfigFile.Read(run.ConfigPath).Training.NumEpochs);
    }

    [Theory]
    [InlineData(ScheduleKind.Constant)]
    [InlineData(ScheduleKind.Step)]
    [InlineData(ScheduleKind.Plateau)]
    public void Resume_MoreEpochs_IsTheRunOfSoManyFromTheBeginningAndItsConfigurationRepeatsIt(ScheduleKind kind)
    {
        RunConfig config = Config with
        {
            Training = Config.Training with
            {
                Schedule = new ScheduleConfig { Kind = kind, StepEpochs = 3, PlateauEpochs = 1, WarmUpEpochs = 1 },
            },
        };
        RunConfig longer = config with { Training = config.Training with { NumEpochs = 7 } };
        RunDirectory whole = Run("whole", longer);
        Run("parts", config);
        RunDirectory parts = Run("parts", longer);
        Assert.Equal(Weights(whole), Weights(parts));
        Assert.Equal(Weights(whole), Weights(Run("again", RunConfigFile.Read(parts.ConfigPath))));
    }

    [Fact]
    public void Conflicts_OtherEpochsUnderScheduledSampling_AreRefused()
    {
        var config = new PairRunConfig(new TranslatorConfig { TeacherForcingEnd = 0.5 }) { Data = "x" };
        PairRunConfig longer = config with { Training = config.Training with { NumEpochs = 30 } };
        Assert.Contains("training.num_epochs is 20 in the run and cannot become 30: teacher forcing",
            Assert.Single(RunConflicts.Between(config, longer)), StringComparison.Ordinal);
        Assert.Empty(RunConflicts.Between(config with { Model = new TranslatorConfig() }, longer with { Model = new TranslatorConfig() }));
        var cosine = new PairRunConfig(new ClassifierConfig())
        {
            Data = "x",
            Training = new TrainerConfig { Schedule = new ScheduleConfig { Kind = ScheduleKind.Cosine } },
        };
        Assert.Single(RunConflicts.Between(cosine, cosine with { Training = cosine.Training with { NumEpochs = 1 } }));
    }

    // With that patience the run would have ended earlier, so its configuration would not reproduce it.
    [Fact]
    public void Conflicts_PatienceThatWouldHaveEndedTheRun_IsRefused()
    {
        // With a learning rate of almost zero, the first epoch or an early one is the best.
        RunConfig config = Config with { Training = Config.Training with { NumEpochs = 9, LearningRate = 1e-12 } };
        RunDirectory run = Run("run", config, stopAfterEpoch: 7);
        int waited = 7 - CheckpointFile.Read(run.LastCheckpointPath).Progress.BestEpoch!.Value;
        Assert.True(waited >= 2);
        using RunSession session = RunKind.LanguageModel.Resume(run.Path);
        Assert.Contains("patience is 0 in the run and cannot become 1",
            Assert.Single(session.Conflicts(session.Config! with { Patience = 1 })), StringComparison.Ordinal);
        Assert.Empty(session.Conflicts(session.Config! with { Patience = 8 }));
    }

    [Fact]
    public void Resume_RunThatLostPatience_GoesOnWithMore()
    {
        RunConfig config = Config with { Patience = 2, Training = Config.Training with { NumEpochs = 9, LearningRate = 1e-12 } };
        RunDirectory run = Run("run", config);
        int ended = EpochMetrics.Read(run.MetricsPath).Count;
        Assert.True(ended < 9);
        RunConfig patient = config with { Patience = 20 };
        Assert.Equal(9, EpochMetrics.Read(Run("run", patient).MetricsPath).Count);
        Assert.Equal(Weights(Run("whole", patient)), Weights(run));
    }

    // A loss of 800 nats is finite, but its perplexity is not.
    [Fact]
    public void Execute_LossWithoutAFinitePerplexity_EndsAsDivergedAndKeepsTheOldFile()
    {
        RunConfig config = Config with { Text = Config.Text with { ValidationFraction = 0 } };
        new TrainingRun(config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        byte[] before = File.ReadAllBytes(config.CheckpointPath);
        RunConfig explodes = config with { Training = config.Training with { LearningRate = 1e5, ClipNorm = 0 } };
        var e = Assert.Throws<TrainingDivergedException>(
            () => new TrainingRun(explodes).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("nats, whose perplexity is not finite", e.Message, StringComparison.Ordinal);
        Assert.Null(e.Batch);
        Assert.Equal(before, File.ReadAllBytes(config.CheckpointPath));
    }

    // The last step of an epoch goes wrong: the epoch's mean does not show it, the held-out text does.
    [Fact]
    public void Execute_HeldOutLossWithoutAFinitePerplexity_EndsAsDiverged()
    {
        RunConfig config = Config with
        {
            Training = Config.Training with { NumEpochs = 1, NumSteps = 300, LearningRate = 1e7, ClipNorm = 0 },
        };
        RunDirectory run = new(_folder.File("run"));
        var e = Assert.Throws<TrainingDivergedException>(() => Run("run", config));
        Assert.Contains("the held-out loss of epoch 1 became", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(run.BestCheckpointPath));
        Assert.False(File.Exists(run.LastCheckpointPath));
    }

    [Theory]
    [InlineData(0.0005, "comes to 0 tokens")]
    [InlineData(0.001, "comes to 1 token,")]
    public void Execute_HeldOutPartOfNothing_IsRefusedWithItsTokens(double fraction, string tokens)
    {
        RunConfig config = Config with { Text = Config.Text with { ValidationFraction = fraction } };
        ScheduleConfig plateau = new() { Kind = ScheduleKind.Plateau };
        foreach (RunConfig one in new[] { config, config with { Patience = 1 },
            config with { Training = config.Training with { Schedule = plateau } } })
        {
            var e = Assert.Throws<InvalidConfigException>(
                () => new TrainingRun(one).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken));
            Assert.Contains($"validation-fraction {fraction} of the text's 1800 tokens {tokens}", e.Message, StringComparison.Ordinal);
            Assert.Contains("take 0.0012 or more", e.Message, StringComparison.Ordinal);
        }
        Assert.Contains(tokens,
            Assert.Throws<InvalidConfigException>(
                () => new NGramRun { Text = config.Text }.Execute(Corpus, TestContext.Current.CancellationToken)).Message,
                    StringComparison.Ordinal);
        // The proposed value is sufficient.
        Assert.Equal(2, TokenizedText.From(Corpus.Text, config.Text with { ValidationFraction = 0.0012 }).HeldOut.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Execute_DirectoryThatIsRemovedOrReplaced_EndsAndMakesNoneAnew(bool isReplaced)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows removes no folder of which a file is open");
        RunDirectory other = Run("other", Config);
        string path = _folder.File("run");
        using RunSession session = RunKind.LanguageModel.New(path);
        var run = new TrainingRun(Config, session: session);
        var e = Assert.Throws<RunDirectoryException>(() => run.Execute(Corpus, new Listener<RunEvent>(told =>
        {
            if (told is not RunEvent.Saved)
                return;
            Directory.Delete(path, recursive: true);
            if (isReplaced)
                Directory.Move(other.Path, path);
        }), TestContext.Current.CancellationToken));
        Assert.StartsWith($"{path}: is gone", e.Message, StringComparison.Ordinal);
        Assert.Equal(isReplaced, Directory.Exists(path));
        if (isReplaced)
            Assert.Equal(4, EpochMetrics.Read(new RunDirectory(path).MetricsPath).Count);
    }

    // Checkpoints are written by default: the clock advances by a second with every reading, so some are due.
    [Fact]
    public void Execute_DefaultInterval_LosesAMinuteAtMost()
    {
        RunConfig config = Config with
        {
            CheckpointEvery = new RunConfig().CheckpointEvery,
            Training = Config.Training with { NumEpochs = 500 },
        };
        Assert.Equal(CheckpointInterval.Automatic, config.CheckpointEvery);
        Assert.Equal(CheckpointInterval.Automatic, new PairRunConfig(new ClassifierConfig()).CheckpointEvery);
        var clock = new Ticking();
        long lastSaved = 0;
        var saved = new List<long>();
        RunDirectory run = Run("run", config, stopAfterEpoch: 60, clock: clock, told: told =>
        {
            if (told is not RunEvent.Saved)
                return;
            saved.Add(clock.Ticks - lastSaved);
            lastSaved = clock.Ticks;
        });
        Assert.True(saved.Count > 3);
        Assert.All(saved, ticks => Assert.InRange(ticks, 1, 60));
        Assert.Equal(60, CheckpointFile.Read(run.LastCheckpointPath).Progress.Epochs);
    }

    // The checkpoint that a run began with may be gone when it resumes.
    [Fact]
    public void Resume_RunThatBeganWithACheckpointAndDiedAtOnce_GoesOnFromIt()
    {
        new TrainingRun(Config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint start = CheckpointFile.Read(Config.CheckpointPath);
        RunConfig longer = Config with
        {
            CheckpointEvery = CheckpointInterval.Epochs(0),
            Training = Config.Training with { NumEpochs = 7 },
        };
        RunDirectory whole = Run("whole", longer, start: start);
        Assert.Throws<KilledException>(() => Run("parts", longer, start: start, told: told =>
        {
            if (told is RunEvent.Epoch)
                throw new KilledException();
        }));
        File.Delete(Config.CheckpointPath);
        Assert.Equal(Weights(whole), Weights(Run("parts", longer)));
    }

    // Older files have only perplexities; current ones have both, and numbers stay numbers.
    [Fact]
    public void Read_MetricsOfBeforeAndOfNow_HaveLossesAndPerplexities()
    {
        const string Rest = "\"gradient_norm\":1,\"learning_rate\":1,\"tokens_per_second\":1,\"seconds\":1,\"elapsed_seconds\":1}";
        File.WriteAllText(_folder.File("old"),
            $"{{\"epoch\":1,\"step\":2,\"train_perplexity\":9.5,\"held_out_perplexity\":10,{Rest}\n{{\"epoch\":2,\"step\":4,\"train_perplexity\":\"Infinity\",{Rest}\n");
        IReadOnlyList<EpochMetrics> old = EpochMetrics.Read(_folder.File("old"));
        Assert.Equal((Math.Log(9.5), Math.Log(10)), (old[0].TrainLoss, old[0].HeldOutLoss));
        Assert.Equal(9.5, old[0].TrainPerplexity, 1e-12);
        Assert.Equal(10, old[0].HeldOutPerplexity!.Value, 1e-12);
        Assert.Equal((double.PositiveInfinity, double.PositiveInfinity, null),
            (old[1].TrainPerplexity, old[1].TrainLoss, old[1].HeldOutLoss));

        RunDirectory run = Run("run", Config);
        foreach (string line in File.ReadLines(run.MetricsPath).Append(File.ReadAllText(run.ResultPath)))
        {
            using var json = System.Text.Json.JsonDocument.Parse(line);
            double Number(string name) => json.RootElement.GetProperty(name).GetDouble();
            Assert.Equal(Math.Exp(Number("train_loss")), Number("train_perplexity"));
            Assert.Equal(Math.Exp(Number("held_out_loss")), Number("held_out_perplexity"));
        }
        Assert.Equal(EpochMetrics.Read(run.MetricsPath)[^1].TrainLoss, CheckpointFile.Read(run.LastCheckpointPath).Progress.TrainLoss);
        Assert.Equal(EpochMetrics.Read(run.MetricsPath).Min(line => line.HeldOutLoss), RunSummary.Read(run.ResultPath).BestHeldOutLoss);
    }

    // A loss of 1,000 nats has no finite perplexity, and JSON has no infinity.
    [Fact]
    public void Line_FigureThatIsNotFinite_IsNullAndItsLossIsKept()
    {
        var metrics = new EpochMetrics
        {
            Epoch = 1,
            Step = 2,
            TrainLoss = 1000,
            HeldOutLoss = double.PositiveInfinity,
            GradientNorm = 3,
            LearningRate = 4,
            TokensPerSecond = double.PositiveInfinity,
            Seconds = 0,
            ElapsedSeconds = 6,
        };
        string line = System.Text.Encoding.UTF8.GetString(RecordFile.Line(metrics));
        Assert.Contains("\"train_perplexity\":null,\"train_loss\":1000", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", line, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("metrics"), line);
        EpochMetrics read = Assert.Single(EpochMetrics.Read(_folder.File("metrics")));
        Assert.Equal((1000, double.PositiveInfinity, null), (read.TrainLoss, read.TrainPerplexity, read.HeldOutLoss));
    }

    [Fact]
    public void Read_MetricsOfPairsOfBefore_HaveTheFiguresThatTextHas()
    {
        const string Rest = "\"gradient_norm\":1,\"learning_rate\":1,\"seconds\":1,\"elapsed_seconds\":1}";
        string line = $"{{\"epoch\":1,\"step\":2,\"train_loss\":0.5,\"held_out_loss\":2,\"held_out\":{{\"accuracy\":0.25}},\"predictions_per_second\":30,{Rest}";
        File.WriteAllText(_folder.File("old"), line + "\n");
        EpochMetrics old = Assert.Single(EpochMetrics.Read(_folder.File("old")));
        Assert.Equal((0.5, Math.Exp(0.5), 2, Math.Exp(2), 30, 0.25),
            (old.TrainLoss, old.TrainPerplexity, old.HeldOutLoss!.Value, old.HeldOutPerplexity!.Value, old.TokensPerSecond,
                old.HeldOut!["accuracy"]));

        // Written again, a line has both the old names and those for text.
        using var written = System.Text.Json.JsonDocument.Parse(CheckpointMetadata.WritePart(old));
        Assert.Equal([30, 30], new[] { "tokens_per_second", "predictions_per_second" }
            .Select(name => written.RootElement.GetProperty(name).GetDouble()));
    }

    [Fact]
    public void Read_ResultOfPairsOfBefore_HasTheFiguresThatTextHas()
    {
        string path = _folder.File("old.json");
        File.WriteAllText(path,
            "{\"data\":\"pairs\",\"data_sha256\":\"ab\",\"pairs\":7,\"parameters\":8,\"epochs\":2,\"steps\":4,\"train_loss\":0.5,"
                + "\"held_out\":{\"accuracy\":0.25},\"best_held_out\":0.75,\"best_epoch\":1,\"stopped_early\":false,\"trained_seconds\":3}\n");
        RunSummary old = RunSummary.Read(path);
        Assert.Equal(("pairs", "ab", 7, 0.5, Math.Exp(0.5), 0.75, 0.25),
            (old.Corpus, old.CorpusSha256, old.Pairs!.Value, old.TrainLoss!.Value, old.TrainPerplexity!.Value, old.BestHeldOut!.Value,
                old.HeldOut!["accuracy"]));
        Assert.Contains("\"data\":\"pairs\",\"data_sha256\":\"ab\"", CheckpointMetadata.WritePart(old), StringComparison.Ordinal);

        File.WriteAllText(path, "{\"parameters\":8,\"epochs\":2,\"steps\":4,\"stopped_early\":false,\"trained_seconds\":3}\n");
        Assert.Contains("corpus or corpus_sha256 is missing", Assert.Throws<CheckpointException>(() => RunSummary.Read(path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"train_loss\":0.5", "tokens_per_second is missing")]
    [InlineData("\"tokens_per_second\":30", "train_loss is missing")]
    public void Read_MetricsWithoutAFigure_AreRefused(string figure, string problem)
    {
        File.WriteAllText(_folder.File("old"),
            $"{{\"epoch\":1,\"step\":2,{figure},\"gradient_norm\":1,\"learning_rate\":1,\"seconds\":1,\"elapsed_seconds\":1}}\n");
        CheckpointException refused = Assert.Throws<CheckpointException>(() => EpochMetrics.Read(_folder.File("old")));
        Assert.Contains("line 1", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    // A schedule that ignores the held-out text keeps its rate, however long nothing improves.
    [Fact]
    public void Execute_TenThousandEpochsThatLearnNothing_CanBeOpenedAndGoneOnWith()
    {
        RunConfig config = Config with
        {
            Text = Config.Text with { MaxTokens = 60 },
            Model = Config.Model with { NumHiddens = 2 },
            Training = new TrainerConfig { NumEpochs = 10_000, BatchSize = 2, NumSteps = 20, LearningRate = 1e-20 },
            CheckpointEvery = CheckpointInterval.Automatic,
        };
        RunDirectory run = Run("run", config);
        Checkpoint checkpoint = CheckpointFile.Read(run.LastCheckpointPath);
        Assert.Equal((10_000, 1, 1e-20),
            (checkpoint.Progress.Epochs, checkpoint.Resume!.Trainer.Schedule.Scale, checkpoint.Resume.Trainer.LearningRate));
        Run("run", config with { Training = config.Training with { NumEpochs = 10_002 } });
        Assert.Equal(Enumerable.Range(1, 10_002), EpochMetrics.Read(run.MetricsPath).Select(line => line.Epoch));
    }

    private static IEnumerable<string> Weights(RunDirectory run) => CheckpointFile.Read(run.LastCheckpointPath).Weights
        .Select(weight => $"{weight.Key} {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(weight.Value.Values))}").Order(StringComparer.Ordinal);

    // Resumes the run if possible.
    private RunDirectory Run(
        string name, RunConfig config, int stopAfterEpoch = int.MaxValue, Checkpoint? start = null, TimeProvider? clock = null,
            Action<RunEvent>? told = null)
    {
        var directory = new RunDirectory(_folder.File(name));
        using RunSession session = directory.State == RunDirectoryState.Absent
            ? RunKind.LanguageModel.New(directory.Path) : RunKind.LanguageModel.Resume(directory.Path);
        using var cancel = new CancellationTokenSource();
        var run = new TrainingRun(config with { Corpus = "/x" }, start, session: session) { Clock = clock ?? TimeProvider.System };
        run.Execute(Corpus, new Listener<RunEvent>(e =>
        {
            told?.Invoke(e);
            if (e is RunEvent.Epoch epoch && epoch.Metrics.Epoch == stopAfterEpoch)
                cancel.Cancel();
        }), cancel.Token);
        return directory;
    }

    private sealed class Ticking : TimeProvider
    {
        public long Ticks { get; private set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ++Ticks;
    }
}
