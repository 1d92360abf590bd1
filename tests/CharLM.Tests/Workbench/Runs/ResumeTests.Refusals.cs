using CharLM.Corpora;
using CharLM.Pairs.Classification;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

// Directories that are damaged, in use, or of another run.
public sealed partial class ResumeTests
{
    [Fact]
    public void Resume_NewestCheckpointDamaged_GoesOnFromTheOneBeforeAndNamesTheBad()
    {
        RunConfig config = Config with { CheckpointEvery = CheckpointInterval.Steps(5) };
        RunDirectory whole = Run("whole", Config), parts = Run("parts", config, killAfter: 23);
        byte[] bytes = File.ReadAllBytes(parts.LastCheckpointPath);
        bytes[^1] ^= 1;
        File.WriteAllBytes(parts.LastCheckpointPath, bytes);
        using (RunSession session = RunKind.LanguageModel.Resume(parts.Path))
        {
            Assert.Equal(parts.StepCheckpointPath(15), session.StartPath);
            Assert.Contains($"{parts.LastCheckpointPath}: is damaged", session.Warnings[0], StringComparison.Ordinal);
        }
        Run("parts", Config);
        AssertSame(whole, parts);
        Assert.True(File.Exists(parts.LastCheckpointPath + ".bad"));
    }

    [Fact]
    public void Resume_AllCheckpointsDamaged_SaysSoAndChangesNothing()
    {
        RunDirectory run = Run("parts", Config, killAfter: 23);
        foreach (string file in Directory.GetFiles(run.CheckpointsPath))
            File.WriteAllText(file, "no checkpoint");
        var e = Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(run.Path));
        Assert.Contains("none of its checkpoints can be resumed", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(run.CheckpointsPath), file => file.EndsWith(".bad", StringComparison.Ordinal));
    }

    [Fact]
    public void Resume_LeftoversOfAKilledWriter_AreRemovedAndOtherFilesAreNot()
    {
        RunDirectory run = Run("parts", Config, killAfter: 23);
        string stale = Path.Combine(run.CheckpointsPath, $".last.safetensors.{Guid.NewGuid():N}.tmp"),
            mine = Path.Combine(run.CheckpointsPath, ".my.tmp");
        File.WriteAllText(stale, "half");
        File.WriteAllText(mine, "mine");
        RunKind.LanguageModel.Resume(run.Path).Dispose();
        Assert.False(File.Exists(stale));
        Assert.True(File.Exists(mine));
    }

    [Fact]
    public void Resume_RunThatIsWorkedOn_IsRefused()
    {
        RunDirectory run = Run("parts", Config, killAfter: 23);
        using RunSession first = RunKind.LanguageModel.Resume(run.Path);
        Assert.Contains("another process is using", Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(run.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_CheckpointThatIsALink_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "on Windows, links need a right that users do not have");
        RunDirectory run = Run("parts", Config, killAfter: 23);
        File.Move(run.LastCheckpointPath, _folder.File("elsewhere"));
        File.CreateSymbolicLink(run.LastCheckpointPath, _folder.File("elsewhere"));
        Assert.Contains("is a link", Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(run.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_MetricsThatWereCut_IsRefused()
    {
        RunDirectory run = Run("parts", Config, killAfter: 61);
        File.WriteAllText(run.MetricsPath, "");
        var e = Assert.Throws<RunDirectoryException>(() => Run("parts", Config));
        Assert.Contains("has 0 bytes, but had", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OtherConfiguration_ListsTheDifferences()
    {
        RunDirectory run = Run("parts", Config, killAfter: 23);
        using RunSession session = RunKind.LanguageModel.Resume(run.Path);
        var config = (RunConfig)session.Config!;
        RunConfig other = config with
        {
            Model = config.Model with { NumHiddens = 10 },
            Training = config.Training with { Seed = 1 },
            SampleEvery = 7,
        };
        var e = Assert.Throws<InvalidConfigException>(() => new TrainingRun(other, session: session));
        Assert.Equal(["model.num_hiddens is 9 in the run and cannot become 10", "training.seed is 0 in the run and cannot become 1"],
            e.Errors);
    }

    [Fact]
    public void Resume_OtherText_ListsTheVocab()
    {
        RunDirectory run = Run("parts", Config, killAfter: 23);
        using RunSession session = RunKind.LanguageModel.Resume(run.Path);
        var other = new CorpusText(Corpus.Text.Replace('q', 'z').Replace('z', 'u') + "q", Corpus.Origin with
        {
            Sha256 = new string('1', 64),
        });
        var e = Assert.Throws<InvalidConfigException>(
            () => new TrainingRun((RunConfig)session.Config!, session: session)
                .Execute(other, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("is another text than the run's", e.Message, StringComparison.Ordinal);
        Assert.Contains("; gone in its vocab: 'z'; use", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_SessionOfAnotherKindOfRun_IsRefused()
    {
        using RunSession pairs = RunKind.Classifier.New(_folder.File("pairs")), text = RunKind.LanguageModel.New(_folder.File("text"));
        Assert.Contains("of a classifier, not of a language model",
            Assert.Throws<ArgumentException>(() => new TrainingRun(Config, session: pairs)).Message, StringComparison.Ordinal);
        var config = new PairRunConfig(new ClassifierConfig()) { Data = "pairs" };
        Assert.Contains("of a language model, not of a classifier",
            Assert.Throws<ArgumentException>(() => new PairRun(config, session: text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_NoRun_SaysSo()
    {
        Assert.Contains("there is no such run directory",
            Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(_folder.File("none"))).Message,
            StringComparison.Ordinal);
        Directory.CreateDirectory(_folder.File("empty"));
        Assert.Contains("holds no run",
            Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.Resume(_folder.File("empty"))).Message,
            StringComparison.Ordinal);
    }
}
