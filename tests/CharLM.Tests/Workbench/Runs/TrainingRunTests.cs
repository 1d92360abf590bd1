using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

public sealed class TrainingRunTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("charlm-run-");

    private static readonly CorpusText Corpus = TestCorpus.Of(
        string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 40)), sha256: new string('0', 64));

    private string Path => System.IO.Path.Combine(_folder.FullName, "sub", "model.safetensors");

    private RunConfig Config => new()
    {
        Text = new TextConfig { MaxTokens = 0 },
        Model = new ModelConfig { NumHiddens = 12 },
        Training = new TrainerConfig { NumEpochs = 6, BatchSize = 4, NumSteps = 8 },
        Prefix = "the ",
        SampleLength = 5,
        SampleEvery = 2,
        CheckpointEvery = CheckpointInterval.Epochs(3),
        CheckpointPath = Path,
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Execute_SmallText_TellsEverythingInOrder()
    {
        var events = new Events();
        RunResult result = new TrainingRun(Config).Execute(Corpus, events, TestContext.Current.CancellationToken);

        Assert.Equal(
            ["Started", "Epoch", "Epoch", "Sample", "Epoch", "Saved", "Epoch", "Sample", "Epoch", "Epoch", "Sample", "Saved"],
            events.List.Where(e => e is not RunEvent.Step).Select(e => e.GetType().Name));
        RunEvent.Epoch[] told = [.. events.List.OfType<RunEvent.Epoch>()];
        EpochMetrics[] epochs = [.. told.Select(e => e.Metrics)];
        Assert.Equal(Enumerable.Range(1, 6), epochs.Select(epoch => epoch.Epoch));
        Assert.True(epochs[^1].TrainLoss < epochs[0].TrainLoss);
        Assert.Equal(0, told[^1].RemainingSeconds);
        Assert.Equal(epochs.Select(epoch => epoch.ElapsedSeconds).Order(), epochs.Select(epoch => epoch.ElapsedSeconds));
        Assert.False(result.Interrupted);
        Assert.Equal(9, result.Sample!.Length);
        Assert.StartsWith("the ", result.Sample, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_Checkpoint_HoldsEverythingOfTheRun()
    {
        new TrainingRun(Config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint checkpoint = CheckpointFile.Read(Path);
        Assert.Equal(Config.Model with { GruForm = GruForm.ResetAfter }, checkpoint.Model);
        Assert.Equal(Config.Text, checkpoint.Text);
        Assert.Equal(Config.Training, checkpoint.Training);
        Assert.Equal(("x", new string('0', 64), Config.Prefix), (checkpoint.Corpus.Name, checkpoint.Corpus.Sha256, checkpoint.Corpus.Prefix));
        Assert.Equal([Corpus.Origin.Location], checkpoint.Corpus.Texts!);
        Assert.Equal(6, checkpoint.Progress.Epochs);
        Assert.True(checkpoint.Progress.TrainPerplexity > 1);
    }

    [Fact]
    public void Execute_HeldOut_IsMeasuredBesideTraining()
    {
        var events = new Events();
        new TrainingRun(Config with { Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 } })
            .Execute(Corpus, events, TestContext.Current.CancellationToken);
        RunData.Text description = Assert.IsType<RunData.Text>(events.List.OfType<RunEvent.Started>().Single().Description.Data);
        int characters = TextCleaner.Clean(Corpus.Text, Cleaning.D2L).Length;
        Assert.Equal(characters, description.TrainTokens + description.HeldOutTokens);
        Assert.Equal((int)(characters * 0.2), description.HeldOutTokens);
        Assert.All(events.List.OfType<RunEvent.Epoch>(), epoch => Assert.NotNull(epoch.Metrics.HeldOutLoss));
    }

    [Fact]
    public void Execute_Cancelled_SavesAndGoesOnLater()
    {
        using var cancel = new CancellationTokenSource();
        RunResult first = new TrainingRun(Config).Execute(Corpus, new Events(e =>
        {
            if (e is RunEvent.Epoch { Metrics.Epoch: 2 })
                cancel.Cancel();
        }), cancel.Token);
        Assert.True(first.Interrupted);
        Assert.Equal(2, first.EpochsDone);

        var events = new Events();
        RunResult second = new TrainingRun(Config, CheckpointFile.Read(Path))
            .Execute(Corpus, events, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(3, 4), events.List.OfType<RunEvent.Epoch>().Select(e => e.Metrics.Epoch));
        Assert.Equal(6, second.EpochsDone);
    }

    [Fact]
    public void Execute_GoneOnAtAnEpochsEnd_EqualsOneRunBitByBit()
    {
        // Random sampling keeps no state between minibatches and SGD none between steps: the weights are the only state.
        RunConfig config = Config with { Training = Config.Training with { Sampling = SamplingOrder.Random } };
        new TrainingRun(config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint whole = CheckpointFile.Read(Path);

        new TrainingRun(config with { Training = config.Training with { NumEpochs = 3 } })
            .Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        new TrainingRun(config, CheckpointFile.Read(Path)).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint parts = CheckpointFile.Read(Path);

        Assert.All(whole.Weights, weight => Assert.Equal(weight.Value.Values, parts.Weights[weight.Key].Values));
    }

    [Fact]
    public void Create_CheckpointThatIsDone_SaysHowToGoOn()
    {
        new TrainingRun(Config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        var e = Assert.Throws<InvalidConfigException>(() => new TrainingRun(Config, CheckpointFile.Read(Path)));
        Assert.Contains("6 epochs already: give --epochs above that", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_PatienceRunsOut_EndsEarlyAndKeepsTheBest()
    {
        // With a learning rate of almost zero, no later epoch is better than the first, except by noise.
        RunConfig config = Config with
        {
            Patience = 2,
            Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 },
            Training = Config.Training with { NumEpochs = 50, LearningRate = 30, Sampling = SamplingOrder.Random },
        };
        var events = new Events();
        RunResult result = new TrainingRun(config).Execute(Corpus, events, TestContext.Current.CancellationToken);
        EpochMetrics[] epochs = [.. events.List.OfType<RunEvent.Epoch>().Select(e => e.Metrics)];
        EpochMetrics best = epochs.MinBy(epoch => epoch.HeldOutLoss)!;
        Assert.Single(events.List.OfType<RunEvent.StoppedEarly>());
        Assert.True(epochs.Length < 50);
        Assert.Equal(("loss", best.HeldOutLoss!.Value, best.Epoch), result.Best);
        Assert.Equal(best.Epoch + 2, epochs.Length);
        Checkpoint kept = CheckpointFile.Read(result.BestCheckpointPath!);
        Assert.Equal(best.Epoch, kept.Progress.Epochs);
        Assert.Equal(best.HeldOutLoss, kept.Progress.HeldOutLoss);
    }

    [Fact]
    public void Execute_Windows_HoldsOutThoseAfterTheTrainingOnes()
    {
        RunConfig config = Config with
        {
            Training = Config.Training with { Sampling = SamplingOrder.Windows, TrainWindows = 300, ValidationWindows = 100 },
        };
        var events = new Events();
        new TrainingRun(config).Execute(Corpus, events, TestContext.Current.CancellationToken);
        Assert.All(events.List.OfType<RunEvent.Epoch>(), epoch =>
        {
            Assert.Equal(300 * 8, epoch.Metrics.TokensPerSecond * epoch.Metrics.Seconds, 1e-6);
            Assert.NotNull(epoch.Metrics.HeldOutLoss);
        });
        // n windows, each one token after the last, need the remaining tokens of the final window as well.
        RunData data = events.List.OfType<RunEvent.Started>().Single().Description.Data;
        Assert.Equal((300 + 8, 100 + 8), (((RunData.Text)data).TrainTokens, ((RunData.Text)data).HeldOutTokens));
        var e = Assert.Throws<InvalidConfigException>(
            () => new TrainingRun(config with { Training = config.Training with { TrainWindows = 5000 } }).Execute(Corpus));
        Assert.Contains("need 5108 tokens", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_PatienceOrPlateauWithoutHeldOutText_IsRefused()
    {
        Assert.Throws<InvalidConfigException>(() => new TrainingRun(Config with { Patience = 1 }));
        Assert.Throws<InvalidConfigException>(() => new TrainingRun(Config with
        {
            Training = Config.Training with { Schedule = new ScheduleConfig { Kind = ScheduleKind.Plateau } },
        }));
    }

    [Fact]
    public void Execute_TextTooShort_WritesNothing()
    {
        Assert.Throws<CorpusTooShortException>(
            () => new TrainingRun(Config)
                .Execute(new CorpusText("too short", Corpus.Origin), cancellationToken: TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(System.IO.Path.GetDirectoryName(Path)));
    }

    private sealed class Events(Action<RunEvent>? react = null) : IProgress<RunEvent>
    {
        public List<RunEvent> List { get; } = [];

        public void Report(RunEvent value)
        {
            List.Add(value);
            react?.Invoke(value);
        }
    }
}
