using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary><c>train --checkpoint --extend-vocab</c> and <c>--freeze</c>.</summary>
public sealed class ExtendVocabTests(TrainedModels models) : IDisposable
{
    private static readonly string[] Learn = ["--epochs", "6", "--sample-every", "0", "--prefix", "an"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Train_ExtendVocabAndFreeze_AreToldWrittenAndKept()
    {
        _sandbox.Write("new.txt", string.Concat(Enumerable.Repeat("Çok güzel, ağaç.\n", 60)));
        _sandbox.Write("tang.txt", string.Concat(Enumerable.Repeat("春眠不覺曉，\n", 60)));
        string[] from = ["--checkpoint", models.Unicode, .. Learn];
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            ["train", "new.txt", .. from, "--out", "plain"],
            ["train", "tang.txt", .. from, "--out", "refused"],
            ["train", "tang.txt", .. from, "--run-dir", "run", "--extend-vocab", "--freeze", "rnn.l0"],
            ["train", "--resume", "run", "--epochs", "7", "--json"],
            ["eval", "run", "--corpus", "tang.txt", "--json"],
        ]);
        Assert.Contains("are read as <unk>: --extend-vocab adds them", outcomes[0].Succeeded().Error, StringComparison.Ordinal);
        outcomes[1].Complained(2, "vocab mismatch", "--extend-vocab");
        Assert.Contains(", 6 of them new", outcomes[2].Succeeded().Error, StringComparison.Ordinal);
        Assert.Matches("parameters, [0-9,]+ of them frozen", outcomes[2].Error);
        string config = File.ReadAllText(_sandbox.At("run/config.yaml"));
        Assert.Contains("extend_vocab: true", config, StringComparison.Ordinal);
        Assert.Contains("freeze: \"rnn.l0\"", config, StringComparison.Ordinal);
        Assert.Equal(7, outcomes[3].Succeeded().Json().GetProperty("epochs").GetInt32());
        Assert.Matches("parameters, [0-9,]+ of them frozen", outcomes[3].Error);
        Assert.Equal(JsonValueKind.Object, outcomes[4].Succeeded().Json().ValueKind);
        Assert.Empty(outcomes[4].Error);
    }

    // config.yaml names the model that the run began with, so that --config repeats the run and not one with fresh weights.
    [Fact]
    public async Task Train_ConfigOfARunThatContinuedAModel_RepeatsIt()
    {
        string text = _sandbox.Write("new.txt", Texts.Plain);
        File.Copy(models.Plain, _sandbox.At("base"));
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            ["train", text, "--checkpoint", "base", .. Learn, "--run-dir", "one", "--threads", "1", "--json"],
            ["train", "--config", "one/config.yaml", "--run-dir", "two", "--threads", "1", "--json"],
            ["train", text, .. Learn, "--config", "one/config.yaml", "--checkpoint", models.Plain, "--print-config"],
            // There is no run to resume yet.
            ["train", "--config", "one/config.yaml", "--run-dir", "three", "--resume", "auto", "--threads", "1", "--json"],
        ]);

        Assert.Contains($"start_checkpoint: \"{_sandbox.At("base")}\"", File.ReadAllText(_sandbox.At("one/config.yaml")));
        Assert.Equal(File.ReadAllText(_sandbox.At("one/config.yaml")), File.ReadAllText(_sandbox.At("two/config.yaml")));
        Assert.Equal([Loss(outcomes[0]), Loss(outcomes[0])], [Loss(outcomes[1]), Loss(outcomes[3])]);
        Assert.Contains($"start_checkpoint: \"{models.Plain}\"", outcomes[2].Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.BashAsync("charlm train --config <(cat one/config.yaml) --print-config")).Succeeded();

        File.Copy(models.Unicode, _sandbox.At("base"), overwrite: true);
        _sandbox.Write("experiment.yaml", "base:\n  corpus: new.txt\n  start_checkpoint: base\n");
        await _sandbox.RefuseEachAsync(
            (2, ["train", "--config", "one/config.yaml"], ["start-checkpoint", "is another file than when the configuration was written"]),
            (2, ["experiment", "plan", "experiment.yaml"], ["start_checkpoint is for runs that continue"]));

        static double Loss(Outcome outcome) => outcome.Succeeded().Json().GetProperty("train_perplexity").GetDouble();
    }

    [Fact]
    public async Task Train_ExtendVocabOrFreezeThatCannotBe_IsRefused()
    {
        _sandbox.Write("new.txt", Texts.Plain);
        _sandbox.Write("config.yaml", "extend_vocab: true\n");
        _sandbox.Write("experiment.yaml", "base:\n  corpus: new.txt\n  extend_vocab: true\n");
        await _sandbox.RefuseEachAsync(
            (2, ["train", "--corpus", "new.txt", "--extend-vocab"], ["extend-vocab", "--checkpoint"]),
            (2, ["train", "--corpus", "new.txt", "--config", "config.yaml"], ["extend-vocab", "--checkpoint"]),
            (2, ["train", "--corpus", "new.txt", "--freeze", "embedding,rnn.l1,linear"], ["'embedding', 'rnn.l1'", "its parts are rnn.l0, linear"]),
            (2, ["train", "--corpus", "new.txt", "--freeze", "rnn,linear"], ["nothing to train"]),
            (2, ["train", "--corpus", "new.txt", "--freeze", "rnn,"], ["freeze must name parts"]),
            (2, ["experiment", "plan", "experiment.yaml"], ["extend_vocab is for runs that continue"]));
    }
}
