using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

public sealed class RunDirectoryTests : IDisposable
{
    private static readonly CorpusText Corpus = TestCorpus.Of(
        string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 40)), sha256: new string('0', 64));

    private static readonly RunConfig Config = new()
    {
        Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 },
        Model = new ModelConfig { NumHiddens = 12 },
        Training = new TrainerConfig { NumEpochs = 6, BatchSize = 4, NumSteps = 8 },
        Prefix = "the ",
        SampleLength = 5,
        SampleEvery = 2,
        CheckpointEvery = CheckpointInterval.Epochs(1),
    };

    private readonly TemporaryFolder _folder = new();

    private string Place => _folder.File("runs/a");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_InARunDirectory_WritesAllOfTheRun()
    {
        RunDirectory run = Train(Config);
        Assert.Equal(RunDirectoryState.Complete, run.State);
        Assert.Equal(Config with { Corpus = "/x" }, RunConfigFile.Read(run.ConfigPath));
        Assert.Equal(new string('0', 64), RunEnvironment.Read(run.EnvironmentPath).CorpusSha256);
        IReadOnlyList<EpochMetrics> metrics = EpochMetrics.Read(run.MetricsPath);
        Assert.Equal([1, 2, 3, 4, 5, 6], metrics.Select(line => line.Epoch));
        Assert.Equal(metrics.Select(line => line.Epoch * metrics[0].Step), metrics.Select(line => line.Step));
        RunSummary summary = RunSummary.Read(run.ResultPath);
        Assert.Equal((6, metrics[^1].TrainPerplexity, metrics.Min(line => line.HeldOutPerplexity)),
            (summary.Epochs, summary.TrainPerplexity, summary.BestHeldOutPerplexity));
        Assert.Equal(summary.BestEpoch, CheckpointFile.Read(run.BestCheckpointPath).Progress.Epochs);
        Assert.Equal(["after epoch 2:", "after epoch 4:", "after epoch 6:"],
            File.ReadLines(run.SamplesPath).Where(line => line.StartsWith("after ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Execute_KeepLast_KeepsTheNewestCheckpoints()
    {
        RunDirectory run = Train(Config with { KeepLast = 3 });
        long step = EpochMetrics.Read(run.MetricsPath)[0].Step;
        Assert.Equal([(5 * step, run.StepCheckpointPath(5 * step)), (4 * step, run.StepCheckpointPath(4 * step))], run.StepCheckpoints());
        Assert.Equal(6, CheckpointFile.Read(run.LastCheckpointPath).Progress.Epochs);
        Assert.Equal(5, CheckpointFile.Read(run.StepCheckpointPath(5 * step)).Progress.Epochs);
    }

    [Fact]
    public void Execute_TheConfigurationOfARun_RepeatsIt()
    {
        RunDirectory first = Train(Config);
        var again = new RunDirectory(_folder.File("runs/b"));
        Train(RunConfigFile.Read(first.ConfigPath), again.Path);
        Assert.Equal(Perplexities(first), Perplexities(again));
        Assert.Equal(
            CheckpointFile.Read(first.LastCheckpointPath).Weights.Select(weight => (weight.Key, string.Join(' ', weight.Value.Values))),
            CheckpointFile.Read(again.LastCheckpointPath).Weights.Select(weight => (weight.Key, string.Join(' ', weight.Value.Values))));
    }

    [Fact]
    public void New_DirectoryThatHoldsARun_IsRefused()
    {
        Train(Config);
        Assert.Contains("holds a run already", Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.New(Place)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void New_NameThatIsTaken_FindsTheNext()
    {
        Train(Config);
        using RunSession session = RunKind.LanguageModel.New(Place, findsName: true);
        new TrainingRun(Config, session: session).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("a-2", session.Directory.Name);
        Assert.Equal(["a", "a-2"], RunDirectory.In(_folder.File("runs")).Select(run => run.Name));
    }

    [Fact]
    public void State_WhileAProcessWorksThere_IsRunning()
    {
        using RunSession session = RunKind.LanguageModel.New(Place);
        Assert.Equal(RunDirectoryState.Absent, session.Directory.State);
        var states = new List<RunDirectoryState>();
        new TrainingRun(Config, session: session)
            .Execute(Corpus, new Listener<RunEvent>(_ => states.Add(new RunDirectory(Place).State)), TestContext.Current.CancellationToken);
        Assert.All(states, state => Assert.Equal(RunDirectoryState.Running, state));
    }

    [Fact]
    public void Dispose_BeforeAnythingWasWritten_TakesTheDirectoryBack()
    {
        using (RunSession session = RunKind.LanguageModel.New(Place))
        {
            var run = new TrainingRun(Config, session: session);
            Assert.Throws<InvalidOperationException>(
                () => run.Execute(Corpus, new Listener<RunEvent>(_ => throw new InvalidOperationException()),
                    TestContext.Current.CancellationToken));
        }
        Assert.False(Directory.Exists(_folder.File("runs")));
    }

    [Theory]
    [InlineData("50", 50, CheckpointUnit.Epochs)]
    [InlineData("2epochs", 2, CheckpointUnit.Epochs)]
    [InlineData("500steps", 500, CheckpointUnit.Steps)]
    [InlineData("1 step", 1, CheckpointUnit.Steps)]
    [InlineData("10min", 10, CheckpointUnit.Minutes)]
    [InlineData("5 Minutes", 5, CheckpointUnit.Minutes)]
    [InlineData("Auto", 1, CheckpointUnit.Automatic)]
    public void Parse_Interval_IsRead(string text, int amount, CheckpointUnit unit)
    {
        Assert.Equal(new CheckpointInterval(amount, unit), CheckpointInterval.Parse(text, null));
        Assert.Equal(amount, CheckpointInterval.Parse(new CheckpointInterval(amount, unit).ToString(), null).Amount);
    }

    [Theory]
    [InlineData("")]
    [InlineData("steps")]
    [InlineData("1.5min")]
    [InlineData("10 hours")]
    [InlineData("5auto")]
    [InlineData("99999999999")]
    public void Parse_NoInterval_IsRefused(string text) => Assert.False(CheckpointInterval.TryParse(text, null, out _));

    private static double[] Perplexities(RunDirectory run) => [.. EpochMetrics.Read(run.MetricsPath).Select(line => line.TrainPerplexity)];

    private RunDirectory Train(RunConfig config, string? place = null)
    {
        using RunSession session = RunKind.LanguageModel.New(place ?? Place);
        new TrainingRun(config, session: session).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        session.Dispose();
        return session.Directory;
    }
}
