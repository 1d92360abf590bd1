using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Experiments compare runs on one text, wherever its file is, and leave busy trials to their processes.</summary>
public sealed class ExperimentTextTests : IDisposable
{
    private const string Rest = """

          text: {validation_fraction: 0.1}
          model: {num_hiddens: 8}
          training: {num_epochs: 1, batch_size: 8, num_steps: 10}

        """;

    private readonly Sandbox _sandbox = new();

    public ExperimentTextTests() => Directory.CreateDirectory(_sandbox.At("sub"));

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Run_TextInTheFilesFolder_IsFoundAndAChangedOneRefused()
    {
        _sandbox.Write("sub/t.txt", Texts.Plain);
        _sandbox.Write("sub/x.yaml", "base:\n  corpus: t.txt" + Rest);
        (await _sandbox.RunAsync("experiment", "run", "sub/x.yaml", "--threads", "1")).Succeeded();

        // The same text at another path is the same experiment.
        Directory.CreateDirectory(_sandbox.At("moved"));
        File.Copy(_sandbox.At("sub/t.txt"), _sandbox.At("moved/t.txt"));
        File.Copy(_sandbox.At("sub/x.yaml"), _sandbox.At("moved/x.yaml"));
        (await _sandbox.RunAsync("experiment", "run", "moved/x.yaml")).Succeeded();

        _sandbox.Write("sub/t.txt", Texts.Plain + "more\n");
        _sandbox.Write("sub/x.yaml", "base:\n  corpus: t.txt" + Rest + "seeds: [0, 1]\n");
        foreach (string[] verb in (string[][])[["run"], ["run", "--trial", "2"], ["report"]])
            (await _sandbox.RunAsync(["experiment", verb[0], "sub/x.yaml", .. verb[1..]]))
                .Refused(2, "runs/x/seed-0 was run with another configuration (SHA-256 of the text ", "that of sub/t.txt now ");
        Assert.False(Directory.Exists(_sandbox.At("runs/x/seed-1")));
    }

    [Fact]
    public async Task Run_Auto_IsResolvedOnce()
    {
        _sandbox.Write("a.yaml",
            "base:\n  about: x".Replace("  about: x", "  prefix: the", StringComparison.Ordinal) + Rest + "seeds: [0, 1]\n");
        (await _sandbox.RunAsync("experiment", "run", "a.yaml", "--trial", "2", "--threads", "1")).Succeeded();
        Assert.Equal("bundled\n", await File.ReadAllTextAsync(_sandbox.At("runs/a/auto.txt")));
        // The other trials use the text recorded for auto: here one that is not available.
        _sandbox.Write("runs/a/auto.txt", "time-machine\n");
        (await _sandbox.RunAsync("experiment", "run", "a.yaml", "--trial", "1")).Complained(1, "time-machine");
        (await _sandbox.RunAsync("experiment", "report", "a.yaml")).Refused(2, "SHA-256 of the text");
        _sandbox.Write("runs/a/auto.txt", "bundled\n");
        (await _sandbox.RunAsync("experiment", "run", "a.yaml", "--threads", "1")).Succeeded();
        (await _sandbox.RunAsync("experiment", "report", "a.yaml")).Succeeded();
    }

    // The first process gets the trial, the others leave it alone: nothing has failed.
    [Fact]
    public async Task Run_OneTrialByManyAtOnce_IsBusyAndHasNotFailed()
    {
        _sandbox.Write("t.txt", Texts.Plain);
        _sandbox.Write("x.yaml", "base:\n  corpus: t.txt" + Rest.Replace("num_epochs: 1", "num_epochs: 30", StringComparison.Ordinal));
        Outcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => _sandbox.RunAsync("experiment", "run", "x.yaml", "--trial", "1", "--threads", "1")));
        Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode is 0 or 75, $"{outcome.ExitCode}: {outcome.Error}"));
        Assert.Contains(outcomes, outcome => outcome.ExitCode == 0);
        Assert.All(outcomes.Where(outcome => outcome.ExitCode == 75), outcome =>
            outcome.Complained(75, "trial 1 (seed-0) is busy: another process works in runs/x/seed-0"));
        Assert.False(File.Exists(_sandbox.At("runs/x/seed-0/failure.json")));
    }

    [Fact]
    public async Task Report_VariantsOnDifferentTexts_SaysThatTheyAreNotRanked()
    {
        _sandbox.Write("t.txt", Texts.Plain);
        _sandbox.Write("x.yaml", "base:\n  corpus: t.txt"
            + Rest.Replace("validation_fraction: 0.1", "validation_fraction: 0.1, max_tokens: 3000", StringComparison.Ordinal)
                + "grid: {text: {cleaning: [none, d2l]}}\n");
        const string Warning = "charlm: warning: the variants are measured on different texts or parts of a text, so their figures do not "
            + "rank them";
        Assert.Contains(Warning, (await _sandbox.RunAsync("experiment", "run", "x.yaml", "--threads", "1")).Succeeded().ErrorLines);
        Assert.Equal("null", (await _sandbox.RunAsync("experiment", "report", "x.yaml", "--json")).Succeeded().Json().GetProperty("best")
            .GetRawText());
    }
}
