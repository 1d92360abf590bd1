using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class ExperimentTests : IDisposable
{
    private const string Base = """
        base:
          corpus: text.txt
          text: {validation_fraction: 0.1}
          model: {num_hiddens: 16}
          training: {num_epochs: 2, batch_size: 8, num_steps: 10}

        """;

    private static readonly string Endless = Base.Replace("num_epochs: 2", "num_epochs: 1000000", StringComparison.Ordinal);

    private readonly Sandbox _sandbox = new();

    public ExperimentTests() => _sandbox.Write("text.txt", Texts.Plain);

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Run_GridAndSeeds_RunsAllOnceAndReports()
    {
        _sandbox.Write("cells.yaml", Base + "grid: {model: {cell: [rnn, gru]}}\nseeds: [0, 1]\n");
        Outcome plan = (await _sandbox.RunAsync("experiment", "plan", "cells.yaml")).Succeeded();
        Assert.Equal(["1  cell-rnn_seed-0", "2  cell-rnn_seed-1", "3  cell-gru_seed-0", "4  cell-gru_seed-1"],
            plan.OutputLines.Select(line => line.Split("  waiting")[0].TrimEnd()));
        Assert.Equal(["cells.yaml", "text.txt"], _sandbox.Files());

        // One trial first, then the others, two at a time.
        Outcome one = (await _sandbox.RunAsync("experiment", "run", "cells.yaml", "--trial", "3")).Succeeded();
        Assert.StartsWith("cell-gru_seed-0: perplexity ", one.Output, StringComparison.Ordinal);
        DateTime written = File.GetLastWriteTimeUtc(_sandbox.At("runs/cells/cell-gru_seed-0/result.json"));
        Outcome run = (await _sandbox.RunAsync("experiment", "run", "cells.yaml", "--jobs", "2")).Succeeded();
        Assert.Equal(6, run.ErrorLines.Length);
        Assert.DoesNotContain("cell-gru_seed-0", run.Error, StringComparison.Ordinal);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_sandbox.At("runs/cells/cell-gru_seed-0/result.json")));
        Assert.Equal(3, run.OutputLines.Length);

        // All are finished: nothing runs, and the report is the same.
        Outcome again = (await _sandbox.RunAsync("experiment", "run", "cells.yaml", "--json")).Succeeded();
        Assert.Empty(again.ErrorLines);
        Assert.All(again.Json().GetProperty("trials").EnumerateArray(), trial =>
            Assert.Equal("finished", trial.GetProperty("state").GetString()));
        Assert.Equal(run.Output, (await _sandbox.RunAsync("experiment", "report", "cells.yaml")).Succeeded().Output);

        // The mean of a row is that of its two runs.
        JsonElement row = again.Json().GetProperty("rows")[0];
        double[] reached = [.. new[] { 0, 1 }.Select(
            seed => Result($"runs/cells/cell-rnn_seed-{seed}").GetProperty("held_out_perplexity").GetDouble())];
        Assert.Equal(reached.Average(), row.GetProperty("held_out_perplexity").GetProperty("mean").GetDouble(), 12);
        Assert.Equal(reached.Min(), row.GetProperty("held_out_perplexity").GetProperty("best").GetDouble());

        Outcome[] reports = await _sandbox.RunEachAsync(
        [
            .. new[] { "--format csv", "--format markdown", "--format html --out page.html", "--out /dev/null/page.html" }
                .Select(how => (string[])["experiment", "report", "cells.yaml", .. how.Split(' ')]),
        ]);
        Assert.StartsWith("variant,trials,finished,parameters,", reports[0].Succeeded().Output, StringComparison.Ordinal);
        Assert.StartsWith("# Experiment cells\n", reports[1].Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("| variant | held-out perplexity |", reports[1].Output, StringComparison.Ordinal);
        Assert.Equal("", reports[2].Succeeded().Output);
        Assert.Contains("cell-gru_seed-1", await File.ReadAllTextAsync(_sandbox.At("page.html")), StringComparison.Ordinal);
        reports[3].Refused(1, "/dev/null/page.html: cannot be written");
    }

    [Fact]
    public async Task Run_OneTrialFails_RunsTheOthersAndSaysWhich()
    {
        // Whether a text fills a minibatch is known only once it is read.
        _sandbox.Write("sizes.yaml", Base + "list: [{name: large, training: {batch_size: 800}}, {name: small}]\n");
        Outcome outcome = await _sandbox.RunAsync("experiment", "run", "sizes.yaml");
        outcome.Complained(1, "1 of 2 trials are finished, 1 failed: large_seed-0");
        Assert.Contains(outcome.ErrorLines, line => line.StartsWith("trial 1/2  large_seed-0: failed: ", StringComparison.Ordinal));
        Assert.True(File.Exists(_sandbox.At("runs/sizes/small_seed-0/result.json")));
        (await _sandbox.RunAsync("experiment", "report", "sizes.yaml")).Complained(0, "warning: 1 of 2 trials are not finished");

        // The plan and the page show the reason, and a failed trial is retried: alone, and then with a text that is long enough.
        string[] plan = (await _sandbox.RunAsync("experiment", "plan", "sizes.yaml")).Succeeded().OutputLines;
        Assert.Matches("^1  large_seed-0  failed    large: .*needs 8001", plan[0]);
        Assert.Equal("2  small_seed-0  finished  small", plan[1]);
        Assert.Contains("needs 8001", (await _sandbox.RunAsync("experiment", "report", "sizes.yaml", "--format", "markdown")).Output,
            StringComparison.Ordinal);
        (await _sandbox.RunAsync("experiment", "run", "sizes.yaml", "--trial", "1")).Refused(2, "needs 8001");
        _sandbox.Write("text.txt", string.Concat(Texts.Plain, Texts.Plain, Texts.Plain));
        // Runs on the short text are not comparable with runs on this one.
        (await _sandbox.RunAsync("experiment", "run", "sizes.yaml"))
            .Refused(2, "runs/sizes/small_seed-0 was run with another configuration (SHA-256 of the text");
        Directory.Delete(_sandbox.At("runs/sizes/small_seed-0"), recursive: true);
        (await _sandbox.RunAsync("experiment", "run", "sizes.yaml")).Succeeded();
        Assert.Equal(["large_seed-0", "small_seed-0"],
            Directory.GetDirectories(_sandbox.At("runs/sizes")).Select(Path.GetFileName).Order());
        Assert.False(File.Exists(_sandbox.At("runs/sizes/large_seed-0/failure.json")));
        Assert.StartsWith("1  large_seed-0  finished", (await _sandbox.RunAsync("experiment", "plan", "sizes.yaml")).Succeeded().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TrialThatIsKilled_HasFailedWithThatReason()
    {
        _sandbox.Write("long.yaml", Endless);
        using RunningProgram program = _sandbox.Start("experiment", "run", "long.yaml");
        await program.UntilAsync(() => HasEpochs("runs/long/seed-0"), "the first epoch");
        int trial = program.Children().Single();
        RunningProgram.Signal(trial, RunningProgram.SigKill);
        (await program.EndAsync()).Complained(1, "0 of 1 trials are finished, 1 failed: seed-0");
        Assert.Matches("^1  seed-0  failed    base: its process was killed",
            (await _sandbox.RunAsync("experiment", "plan", "long.yaml")).Succeeded().Output);
    }

    [Fact]
    public async Task Run_Killed_ItsTrialsSaveAndTheSameCommandGoesOn()
    {
        _sandbox.Write("long.yaml", Base.Replace("num_epochs: 2", "num_epochs: 400", StringComparison.Ordinal) + "seeds: [0, 1]\n");
        int[] trials;
        using (RunningProgram program = _sandbox.Start("experiment", "run", "long.yaml", "--jobs", "2"))
        {
            await program.UntilAsync(() => HasEpochs("runs/long/seed-0") && HasEpochs("runs/long/seed-1"), "the first epochs");
            trials = program.Children();
            program.Signal(RunningProgram.SigKill);
            Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
        }
        // At once, while the killed process's trials may still be saving.
        JsonElement again = (await _sandbox.RunAsync("experiment", "run", "long.yaml", "--jobs", "2", "--json")).Succeeded().Json();
        Assert.All(again.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("finished", trial.GetProperty("state").GetString()));
        Assert.All(trials, trial => Assert.False(Directory.Exists($"/proc/{trial}")));
        (await _sandbox.RunAsync("experiment", "run", "long.yaml", "--runs", "whole", "--trial", "2")).Succeeded();
        Assert.Equal(Result("whole/long/seed-1").GetProperty("held_out_perplexity").GetDouble(),
            Result("runs/long/seed-1").GetProperty("held_out_perplexity").GetDouble());
        Assert.Equal(400, File.ReadLines(_sandbox.At("runs/long/seed-1/metrics.jsonl")).Count());
    }

    [Fact]
    public async Task Run_TrialOfAnotherProcess_IsBusyAndNotFailed()
    {
        _sandbox.Write("two.yaml", Base + "list: [{name: long, training: {num_epochs: 1000000}}, {name: short}]\n");
        using RunningProgram other = _sandbox.Start("experiment", "run", "two.yaml", "--trial", "1");
        await other.UntilAsync(() => HasEpochs("runs/two/long_seed-0"), "the first epoch");
        Outcome run = await _sandbox.RunAsync("experiment", "run", "two.yaml");
        run.Complained(75, "1 of 2 trials are finished, 1 busy in another process: long_seed-0");
        Assert.Contains(run.ErrorLines, line =>
            line.StartsWith("trial 1/2  long_seed-0: busy in another process", StringComparison.Ordinal));
        (await _sandbox.RunAsync("experiment", "run", "two.yaml", "--trial", "1"))
            .Refused(75, "trial 1 (long_seed-0) is busy: another process works in runs/two/long_seed-0");
        Assert.StartsWith("1  long_seed-0   running ", (await _sandbox.RunAsync("experiment", "plan", "two.yaml")).Succeeded().Output,
            StringComparison.Ordinal);
        other.Signal(RunningProgram.SigTerm);
        (await other.EndAsync()).Complained(75, "trial 1 (long_seed-0) interrupted and saved");
    }

    [Fact]
    public async Task Run_GoesOnAfterADamagedCheckpoint_ShowsTheWarning()
    {
        _sandbox.Write("long.yaml",
            Base.Replace("num_epochs: 2", "num_epochs: 100", StringComparison.Ordinal)
                .Replace("base:", "base:\n  checkpoint_every: 1", StringComparison.Ordinal));
        using (RunningProgram program = _sandbox.Start("experiment", "run", "long.yaml"))
        {
            await program.UntilAsync(
                () => Directory.Exists(_sandbox.At("runs/long/seed-0/checkpoints"))
                    && Directory.GetFiles(_sandbox.At("runs/long/seed-0/checkpoints"), "step-*").Length > 0, "two checkpoints");
            program.Signal(RunningProgram.SigTerm);
            Assert.Equal(75, (await program.EndAsync()).ExitCode);
        }
        string last = _sandbox.At("runs/long/seed-0/checkpoints/last.safetensors");
        byte[] bytes = await File.ReadAllBytesAsync(last);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(last, bytes);
        Outcome again = (await _sandbox.RunAsync("experiment", "run", "long.yaml")).Succeeded();
        Assert.Contains(again.ErrorLines, line => line.StartsWith("trial 1/1  seed-0: warning: ", StringComparison.Ordinal)
            && line.Contains("is set aside as last.safetensors.bad", StringComparison.Ordinal));
        Assert.Equal(100, File.ReadLines(_sandbox.At("runs/long/seed-0/metrics.jsonl")).Count());
    }

    // Reports of a finished experiment are identical in all locales, byte for byte.
    [Fact]
    public async Task Report_InAnotherLocale_HasTheSameNumbers()
    {
        _sandbox.Write("rates.yaml", Base + "grid: {training: {learning_rate: [0.5, 1.5]}}\n");
        _sandbox.Environment["LC_ALL"] = _sandbox.Environment["LANG"] = "de_DE.UTF-8";
        Outcome run = (await _sandbox.RunAsync("experiment", "run", "rates.yaml")).Succeeded();
        Assert.Matches(@"rates.learning-rate|learning-rate-0\.5_seed-0: perplexity \d+\.\d+", run.Error);
        string[] formats = ["table", "csv", "markdown", "html", "json"];
        string[] german = await ReportsAsync("de_DE.UTF-8");
        Assert.Equal(await ReportsAsync("C.UTF-8"), german);
        Assert.Equal(Result("runs/rates/learning-rate-1.5_seed-0").GetProperty("train_perplexity").GetDouble(),
            double.Parse(german[1].Split('\n')[2].Split(',')[5], System.Globalization.CultureInfo.InvariantCulture), 12);

        async Task<string[]> ReportsAsync(string locale)
        {
            _sandbox.Environment["LC_ALL"] = _sandbox.Environment["LANG"] = locale;
            Outcome[] reports = await _sandbox.RunEachAsync(
                [.. formats.Select(format => (string[])["experiment", "report", "rates.yaml", "--format", format])]);
            return [.. reports.Select(report => report.Succeeded().Output)];
        }
    }

    [Fact]
    public async Task Run_FileChangedSince_RefusesAndNamesTheDifference()
    {
        _sandbox.Write("one.yaml", Base);
        (await _sandbox.RunAsync("experiment", "run", "one.yaml")).Succeeded();
        _sandbox.Write("one.yaml", Base.Replace("num_epochs: 2", "num_epochs: 3", StringComparison.Ordinal));
        foreach (string verb in new[] { "run", "report" })
            (await _sandbox.RunAsync("experiment", verb, "one.yaml"))
                .Refused(2, "runs/one/seed-0 was run with another configuration (training.num_epochs 2, now 3)");
        (await _sandbox.RunAsync("experiment", "run", "one.yaml", "--runs", "others")).Succeeded();
        Assert.Equal(3, Result("others/one/seed-0").GetProperty("epochs").GetInt32());
    }

    [Fact]
    public async Task Run_Interrupted_SavesWhatRunsAndGoesOn()
    {
        _sandbox.Write("long.yaml", Base.Replace("num_epochs: 2", "num_epochs: 60", StringComparison.Ordinal) + "seeds: [0, 1]\n");
        using (RunningProgram program = _sandbox.Start("experiment", "run", "long.yaml"))
        {
            string metrics = _sandbox.At("runs/long/seed-0/metrics.jsonl");
            await program.UntilAsync(() => File.Exists(metrics) && new FileInfo(metrics).Length > 0, "the first epoch");
            program.Signal(RunningProgram.SigTerm);
            (await program.EndAsync()).Complained(75, "interrupted and saved: ", "the same command continues");
        }
        Assert.Contains("1  seed-0  saved", (await _sandbox.RunAsync("experiment", "plan", "long.yaml")).Succeeded().Output,
            StringComparison.Ordinal);
        (await _sandbox.RunAsync("experiment", "run", "long.yaml")).Succeeded();
        (await _sandbox.RunAsync("experiment", "run", "long.yaml", "--runs", "whole", "--trial", "1")).Succeeded();
        // An interrupted run gives the same result.
        Assert.Equal(Result("whole/long/seed-0").GetProperty("held_out_perplexity").GetDouble(),
            Result("runs/long/seed-0").GetProperty("held_out_perplexity").GetDouble());
        Assert.Equal(60, File.ReadLines(_sandbox.At("runs/long/seed-0/metrics.jsonl")).Count());
    }

    [Fact]
    public async Task Run_Words_TellsBitsPerCharacter()
    {
        _sandbox.Write("tokens.yaml", Base + "grid: {text: {token: [char, word]}}\nmeasure: held-out-bits\n");
        JsonElement rows = (await _sandbox.RunAsync("experiment", "run", "tokens.yaml", "--json")).Succeeded().Json().GetProperty("rows");
        double chars = rows[0].GetProperty("held_out_perplexity").GetProperty("mean").GetDouble();
        Assert.Equal(Math.Log2(chars), rows[0].GetProperty("held_out_bits").GetProperty("mean").GetDouble(), 9);
        // Recomputes the characters per word of the last tenth, with a space before each word.
        string[] words = Texts.Plain.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        double perWord = words[^(words.Length / 10)..].Skip(1).Average(word => word.Length + 1);
        double perplexity = rows[1].GetProperty("held_out_perplexity").GetProperty("mean").GetDouble();
        Assert.Equal(Math.Log2(perplexity) / perWord, rows[1].GetProperty("held_out_bits").GetProperty("mean").GetDouble(), 9);
    }

    private static readonly (string Yaml, string Problem)[] BadFiles =
    [
        ("seeds: [one]", "x.yaml:1: seeds takes whole numbers, not 'one'"),
        ("list: []", "x.yaml:1: list is empty: the experiment would have no trials"),
        ("seeds: [1, 1]", "x.yaml:1: two trials would have the id 'seed-1'"),
        ("base: {modle: {}}", "x.yaml:1: unknown key 'modle'; did you mean 'model'?"),
    ];

    [Fact]
    public async Task AnyVerb_BadFile_IsRefusedWithItsLine()
    {
        string[] folders = [.. BadFiles.Select((_, i) => $"{i}")];
        foreach ((string folder, (string yaml, _)) in folders.Zip(BadFiles))
        {
            Directory.CreateDirectory(_sandbox.At(folder));
            _sandbox.Write($"{folder}/x.yaml", yaml);
        }
        string[] before = _sandbox.Files();
        await _sandbox.RunEachAsync(folders.Zip(BadFiles), pair => ["experiment", "run", $"{pair.First}/x.yaml"],
            (pair, outcome) => outcome.Refused(2, pair.Second.Problem));
        Assert.Equal(before, _sandbox.Files());
    }

    private static readonly (int ExitCode, string Arguments, string Problem)[] BadOptions =
    [
        (2, "run x.yaml --trial 2", "trial must be 1 to 1, not 2"),
        (2, "run x.yaml --trial 0", "trial must be 1 to 1, not 0"),
        (2, "run x.yaml --jobs 0", "jobs must be 1 to 1024, not 0"),
        (2, "run x.yaml --jobs 2 --trial 1", "leave jobs out"),
        (2, "plan no.yaml", "no.yaml: there is no such file"),
        (1, "report x.yaml", "runs/x: holds no finished trial"),
        (1, "run x.yaml --runs y", "nowhere.txt"),
    ];

    [Fact]
    public async Task Options_OutOfRange_AreRefused()
    {
        _sandbox.Write("x.yaml", "base: {corpus: nowhere.txt}");
        await _sandbox.RunEachAsync(BadOptions, bad => ["experiment", .. bad.Arguments.Split(' ')],
            (bad, outcome) => outcome.Refused(bad.ExitCode, bad.Problem));
        Assert.Equal(["text.txt", "x.yaml"], _sandbox.Files());
    }

    private bool HasEpochs(string run) =>
        File.Exists(_sandbox.At($"{run}/metrics.jsonl")) && new FileInfo(_sandbox.At($"{run}/metrics.jsonl")).Length > 0;

    private JsonElement Result(string run) => JsonDocument.Parse(File.ReadAllText(_sandbox.At($"{run}/result.json"))).RootElement;
}
