using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Tests;

/// <summary>Run directories of classify train and seq2seq train, with real processes and real signals.</summary>
public sealed class PairRunTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 4;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    public static TheoryData<string> Verbs => ["classify", "seq2seq"];

    // The last model is that of the verb, and report shows the run that was trained last, whatever its kind.
    [Theory, MemberData(nameof(Verbs))]
    public async Task Last_IsTheLastOfItsKind(string verb)
    {
        string text = _sandbox.Write("text.txt", Texts.Plain);
        string[] small = ["--epochs", "1", "--sample-every", "0"];
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            [.. Train(verb), "--epochs", "1", "--run-dir", "pairs"],
            ["train", "--corpus", text, .. Texts.SmallModel, .. small, "--run-dir", "of-text"],
            [verb, "train", "--data", "pairs.tsv", "--checkpoint", "--epochs", "2", "--out", "more", "--json"],
            ["generate", "--length", "5"],
            [verb, "predict", "ab", "--json"],
            ["report", "--no-eval"],
        ]);
        Assert.All(outcomes, outcome => outcome.Succeeded());
        Assert.Equal(2, outcomes[2].Json().GetProperty("epochs").GetInt32());
        Assert.Contains("of-text", await File.ReadAllTextAsync(_sandbox.At("report.html")), StringComparison.Ordinal);
        Assert.True(File.Exists(_sandbox.At($"checkpoints/.last-{(verb == "classify" ? "classifier" : "translator")}")));
    }

    [Fact]
    public async Task Train_PresetOverACheckpoint_IsNoLongerItsModel()
    {
        (await _sandbox.RunAsync([.. Train("seq2seq"), "--epochs", "1", "--out", "m"])).Succeeded();
        (await _sandbox.RunAsync(
            "seq2seq", "train", "--data", "pairs.tsv", "--checkpoint", "m", "--preset", "d2l-bahdanau"))
            .Refused(2, "the checkpoint's model cannot change");
    }

    [Fact]
    public async Task Train_CheckpointWithAnotherImplementation_TrainsWithIt()
    {
        (await _sandbox.RunAsync([.. Train("classify"), "--epochs", "1", "--out", "m"])).Succeeded();
        (await _sandbox.RunAsync(
            "classify", "train", "--data", "pairs.tsv", "--checkpoint", "m", "--implementation", "custom", "--epochs", "2", "--out", "n"))
            .Succeeded();
        PairCheckpoint more = (PairCheckpoint)RunKind.Classifier.Read(_sandbox.At("n"));
        Assert.Equal(Implementation.Custom, more.Config.Model.Implementation);
    }

    // A checkpoint after every step, so that kills hit writes, too.
    [Theory, MemberData(nameof(Verbs))]
    public async Task Train_KilledAtRandomMomentsAndResumed_EndsBitByBitAsUninterrupted(string verb)
    {
        string[] train = [.. Train(verb), "--validation", Pairs("others.tsv", 30), "--epochs", "40", "--dropout", "0.1", "--layers", "2",
            "--output-dropout", "0.1", "--sample-every", "7"];
        string[] parts = [.. train, "--run-dir", "parts", "--resume", "auto", "--checkpoint-every", "1step"];
        var random = new Random(3);
        int hitWrites = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using RunningProgram program = _sandbox.Start(parts);
            if (kill != 1)
                await program.UntilAsync(() => program.ErrorSoFar.Contains("run ", StringComparison.Ordinal), "the run");
            // Not synchronisation: the kill may come at any moment.
            await Task.Delay(random.Next(250));
            program.Signal(RunningProgram.SigKill);
            Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
            hitWrites += _sandbox.Files().Any(file => file.EndsWith(".tmp", StringComparison.Ordinal)) ? 1 : 0;
        }
        output.WriteLine($"{Kills} kills, {hitWrites} of them during a write; {Metrics("parts").Length} epochs before the last start");

        (await _sandbox.RunAsync([.. parts[..^2], "--checkpoint-every", "0"])).Succeeded();
        (await _sandbox.RunAsync([.. train, "--run-dir", "whole"])).Succeeded();
        Assert.Equal(Weights("whole", verb, "last"), Weights("parts", verb, "last"));
        Assert.Equal(Weights("whole", verb, "best"), Weights("parts", verb, "best"));
        Assert.Equal(40, Metrics("parts").Length);
        Assert.Equal(Metrics("whole"), Metrics("parts"));
        Assert.Equal(await File.ReadAllTextAsync(_sandbox.At("whole/samples.txt")),
            await File.ReadAllTextAsync(_sandbox.At("parts/samples.txt")));
        Assert.DoesNotContain(_sandbox.Files(), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("classify", RunningProgram.SigTerm, 75)]
    [InlineData("seq2seq", RunningProgram.SigUsr1, 75)]
    [InlineData("classify", RunningProgram.SigInt, 130)]
    public async Task Train_Signal_SavesAndTheCommandItPrintsGoesOn(string verb, int signal, int exitCode)
    {
        using RunningProgram train = _sandbox.Start([.. Train(verb), "--epochs", "60", "--run-dir", "it's a run"]);
        await train.UntilFilledAsync(_sandbox.At("it's a run/metrics.jsonl"));
        train.SkipIfInterruptIsIgnored();
        train.Signal(signal);
        Outcome outcome = await train.EndAsync();
        outcome.Complained(exitCode, $"and saved; continue with: charlm {verb} train --resume");

        Outcome goneOn = (await _sandbox.BashAsync(outcome.Complaints[0].Split("continue with: ")[1])).Succeeded();
        Assert.Contains(goneOn.ErrorLines, line => line.StartsWith("continues after epoch ", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, 60), Metrics("it's a run").Select(line => (int)JsonNode.Parse(line)!["epoch"]!));
    }

    [Fact]
    public async Task Train_WithoutNames_MakesADatedRunAndLeavesItsModelWherePredictLooks()
    {
        JsonElement json = (await _sandbox.RunAsync([.. Train("classify"), "--epochs", "2", "--checkpoint-every", "1", "--json"]))
            .Succeeded().Json();
        string run = json.GetProperty("run_dir").GetString()!;
        Assert.Matches(@"^runs/\d{4}-\d{2}-\d{2}-\d{6}-pairs-\w+-gru12$", run);
        Assert.Equal(
            [".lock", "checkpoints", "checkpoints/last.safetensors", "checkpoints/step-8.safetensors", "config.yaml", "environment.json",
                "metrics.jsonl", "result.json", "samples.txt"],
            _sandbox.Files().Where(file => file.StartsWith(run + "/", StringComparison.Ordinal)).Select(file => file[(run.Length + 1)..]));
        (await _sandbox.RunAsync("classify", "predict", "--text", "abba")).Succeeded();

        // auto ignores runs of other kinds.
        await _sandbox.RefuseEachAsync(
            (1, ["seq2seq", "train", "--resume", "auto"], ["runs: holds no run to resume"]),
            (1, ["train", "--resume", run],
                ["holds the run of a classifier, not of a language model: charlm classify train resumes it"]),
            (2, ["classify", "train", "--resume", run], ["is complete", "--epochs"]));
    }

    [Fact]
    public async Task Train_ItsConfiguration_RepeatsTheRunFromAnywhere()
    {
        (await _sandbox.RunAsync(
            [.. Train("seq2seq"), "--epochs", "3", "--attention", "dot", "--validation", Pairs("others.tsv", 20), "--patience", "9",
                "--run-dir", "whole", "--log-json", "log.jsonl", "--tensorboard", "tb"])).Succeeded();
        Directory.CreateDirectory(_sandbox.At("elsewhere"));
        (await _sandbox.BashAsync("cd elsewhere && charlm seq2seq train --config ../whole/config.yaml --threads 1 --run-dir ../parts"))
            .Succeeded();
        Assert.Equal(Metrics("whole"), Metrics("parts"));
        Assert.Equal(Weights("whole", "seq2seq", "last"), Weights("parts", "seq2seq", "last"));
        Assert.Equal(File.ReadAllText(_sandbox.At("whole/config.yaml")), File.ReadAllText(_sandbox.At("parts/config.yaml")));
        Assert.Equal(
            Metrics("whole").Select(line => (double)JsonNode.Parse(line)!["held_out"]!["exact_match"]!),
            File.ReadLines(_sandbox.At("log.jsonl")).Select(line => JsonNode.Parse(line)!).Where(line => line["train_loss"] is not null)
                .Select(line => (double)line["held_out"]!["exact_match"]!));
        Assert.Contains("held_out/exact_match",
            System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_sandbox.At("tb"))))),
                StringComparison.Ordinal);
        Assert.Contains("attention: dot",
            (await _sandbox.RunAsync("seq2seq", "train", "--config", "whole/config.yaml", "--print-config")).Succeeded().Output,
                StringComparison.Ordinal);
        await _sandbox.RefuseEachAsync(
            (2, ["classify", "train", "--config", "whole/config.yaml"],
                ["whole/config.yaml: configures a translator, not a classifier: charlm seq2seq train takes it"]),
            (2, ["train", "--config", "whole/config.yaml"], ["not a language model"]));
    }

    [Fact]
    public async Task Train_RunsThatCannotGoOn_AreRefusedInOneLine()
    {
        await _sandbox.RefuseEachAsync(
            (1, ["classify", "train", "--resume", "nowhere"], ["nowhere: there is no such run directory"]),
            (2, ["classify", "train", "--resume", "parts", "--run-dir", "parts", "--checkpoint", "x"],
                ["leave --checkpoint out", "leave --run-dir out"]),
            (2, [.. Train("classify"), "--patience", "3", "--num-steps", "4"], ["--num-steps"]),
            (2, [.. Train("classify"), "--patience", "3"], ["patience waits for better held-out pairs: give --validation"]));
        (await _sandbox.RunAsync([.. Train("classify"), "--epochs", "2", "--run-dir", "parts"])).Succeeded();
        string[] before = _sandbox.Files();
        await _sandbox.RefuseEachAsync(
            (1, [.. Train("classify"), "--run-dir", "parts"], ["parts: holds a run already"]),
            (2, ["classify", "train", "--resume", "parts", "--epochs", "3", "--pooling", "mean"],
                ["model.pooling is last in the run and cannot become mean"]));
        string other = Pairs("other.tsv", 10);
        await _sandbox.RefuseEachAsync(
            (2, ["classify", "train", "--resume", "parts", "--epochs", "3", "--data", other],
                ["other.tsv holds other pairs than the run's"]),
            (2, ["classify", "train", "--resume", "parts", "--epochs", "3", "--validation", other],
                ["validation was not given when the run began"]));
        File.Delete(_sandbox.At("pairs.tsv"));
        (await _sandbox.RunAsync("classify", "train", "--resume", "parts", "--epochs", "3")).Refused(1, "pairs.tsv");
        Assert.Equal(before.Except(["pairs.tsv"]).Append("other.tsv").Order(StringComparer.Ordinal), _sandbox.Files());
    }

    private string[] Train(string verb) =>
        [verb, "train", "--data", Pairs("pairs.tsv", 60), "--hidden", "12", "--threads", "1", "--lr", "0.01", "--batch-size", "8"];

    // Words of a and b, and their first letter.
    private string Pairs(string name, int count)
    {
        var random = new Random(count);
        return _sandbox.Write(
            name, string.Concat(Enumerable.Range(0, count)
                .Select(_ => new string([.. Enumerable.Range(0, 2 + random.Next(5)).Select(_ => "ab"[random.Next(2)])]))
                    .Select(word => $"{word}\t{word[0]}\n")));
    }

    private string[] Metrics(string run) =>
    [
        .. File.ReadLines(_sandbox.At($"{run}/metrics.jsonl")).Select(line =>
        {
            JsonObject metrics = JsonNode.Parse(line)!.AsObject();
            foreach (string time in new[] { "seconds", "elapsed_seconds", "tokens_per_second", "predictions_per_second" })
                Assert.True(metrics.Remove(time));
            return metrics.ToJsonString();
        }),
    ];

    private IEnumerable<string> Weights(string run, string verb, string checkpoint)
    {
        string path = _sandbox.At($"{run}/checkpoints/{checkpoint}.safetensors");
        RunKind kind = verb == "classify" ? RunKind.Classifier : RunKind.Translator;
        IReadOnlyDictionary<string, WeightArray> weights = ((PairCheckpoint)kind.Read(path)).Weights;
        return weights.Select(
            weight => $"{weight.Key} {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(weight.Value.Values))}");
    }
}
