using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Experiments;

public sealed class ExperimentDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ExperimentDirectory Open(string yaml) => new(ExperimentFile.Parse(yaml, "x.yaml"), _folder.File("runs"));

    // A finished run: its configuration and training text.
    private void Make(string trial, RunConfig config, char text)
    {
        var run = new RunDirectory(_folder.File($"runs/x/{trial}"));
        Directory.CreateDirectory(run.Path);
        File.WriteAllText(run.ConfigPath, RunConfigFile.Write(config));
        File.WriteAllText(run.EnvironmentPath, $$"""
            {"toolkit":"1","libtorch":"1","dotnet":"1","os":"1","cpu":"1","processors":1,"threads":1,"torch_threads":1,"device":"cpu","corpus":"t","corpus_sha256":"{{new string(text, 64)}}","started":"now"}
            """);
    }

    private static RunConfig Config(long seed, string corpus) => new()
    {
        Corpus = Path.GetFullPath(corpus),
        Training = new() { Seed = seed },
    };

    [Fact]
    public void FirstOther_TextsThatDiffer_AreFoundWithOrWithoutTheTextOfNow()
    {
        ExperimentDirectory directory = Open("base: {corpus: t.txt}\nseeds: [0, 1]");
        Make("seed-0", Config(0, "t.txt"), 'a');
        Assert.Null(directory.FirstOther(_ => null));
        Assert.Null(directory.FirstOther(_ => new string('a', 64)));
        (RunDirectory run, IReadOnlyList<string> differences) = directory.FirstOther(_ => new string('b', 64))!.Value;
        Assert.EndsWith(Path.Combine("x", "seed-0"), run.Path, StringComparison.Ordinal);
        Assert.Contains($"SHA-256 of the text {new string('a', 64)}, that of t.txt now {new string('b', 64)}", Assert.Single(differences),
            StringComparison.Ordinal);
        // If the text is no longer available, the trials are compared with each other.
        Make("seed-1", Config(1, "t.txt"), 'b');
        Assert.EndsWith("x/seed-1", directory.FirstOther(_ => null)!.Value.Run.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void FirstOther_TheSameTextElsewhereAndWhatChangesNoFigure_IsNoOther()
    {
        ExperimentDirectory directory = Open("base: {corpus: t.txt, checkpoint_every: 3, keep_last: 9, prefix: he, sample_every: 2}");
        Make("seed-0", Config(0, "elsewhere/t.txt"), 'a');
        Assert.Null(directory.FirstOther(_ => new string('a', 64)));
        Assert.Contains("corpus ", Assert.Single(directory.FirstOther(_ => null)!.Value.Differences), StringComparison.Ordinal);
    }

    [Fact]
    public void KeepAuto_FirstOne_IsThatOfAllTrials()
    {
        ExperimentDirectory directory = Open("seeds: [0, 1]");
        Trial trial = Open("seeds: [0]").Status()[0].Trial;
        Assert.Equal("auto", directory.CorpusOf(trial));
        Assert.Equal("bundled", directory.KeepAuto("bundled"));
        Assert.Equal("bundled", directory.KeepAuto("time-machine"));
        Assert.Equal("bundled", Open("seeds: [0, 1, 2]").CorpusOf(trial));
        Assert.Equal(["auto.txt"], Directory.GetFiles(_folder.File("runs/x")).Select(Path.GetFileName));
    }

    [Fact]
    public void CorpusOf_RunsFromBeforeItWasKept_SayIt()
    {
        Make("seed-1", new RunConfig { Corpus = "bundled", Training = new() { Seed = 1 } }, 'a');
        ExperimentDirectory directory = Open("seeds: [0, 1]");
        Assert.Equal("bundled", directory.CorpusOf(directory.Status()[0].Trial));
    }
}
