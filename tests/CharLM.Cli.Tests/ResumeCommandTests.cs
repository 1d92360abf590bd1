using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>train --checkpoint: continuing where an earlier run ended.</summary>
public sealed class ResumeCommandTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    // Five epochs on the plain text.
    public ResumeCommandTests(TrainedModels models)
    {
        File.Copy(models.Plain, _sandbox.At("a.safetensors"));
        _sandbox.Write("text.txt", Texts.Plain);
    }

    public void Dispose() => _sandbox.Dispose();

    private static string[] Resume => ["train", "--checkpoint", "a.safetensors", "--epochs", "6"];

    [Fact]
    public async Task Train_FromACheckpoint_CountsOnAndContinuesItsLog()
    {
        _sandbox.Write("run.jsonl", "{\"epoch\":5}\n");
        JsonElement json = (await _sandbox.RunAsync(
            "train", "--checkpoint", "a.safetensors", "--epochs", "7", "--corpus", "text.txt", "--log-json", "run.jsonl", "--json"))
                .Succeeded().Json();
        Assert.Equal(7, json.GetProperty("epochs").GetInt32());
        Assert.Equal([5, 6, 7, 7],
            File.ReadLines(_sandbox.At("run.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("epoch").GetInt32()));
        Assert.InRange(json.GetProperty("train_perplexity").GetDouble(), 1, 1.1);
        Assert.Equal(7, CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Progress.Epochs);
        Assert.Equal(5, CheckpointFile.Read(_sandbox.At("a.safetensors")).Progress.Epochs);
    }

    // The best figure of the other text, which is easier, must neither end the training nor hide the best model of this one.
    [Fact]
    public async Task Train_FromACheckpointOnAnotherText_FindsItsOwnBestModel()
    {
        var random = new Random(1);
        _sandbox.Write("hard.txt", string.Concat(Enumerable.Range(0, 3000).Select(_ => "abcdefgh "[random.Next(9)])));
        string[] learn = ["--validation-fraction", "0.2", "--sample-every", "0", "--json"];
        Outcome easy = await _sandbox.RunAsync(["train", "--corpus", "text.txt", "--epochs", "5", "--out", "b", .. learn, .. Texts.SmallModel]);
        Outcome hard = await _sandbox.RunAsync(
            ["train", "--corpus", "hard.txt", "--checkpoint", "b", "--epochs", "9", "--patience", "3", "--out", "c", .. learn]);

        double before = easy.Succeeded().Json().GetProperty("best_held_out_perplexity").GetDouble();
        JsonElement json = hard.Succeeded().Json();
        Assert.True(json.GetProperty("best_held_out_perplexity").GetDouble() > before);
        Assert.InRange(json.GetProperty("best_epoch").GetInt32(), 6, 9);
        Assert.True(File.Exists(_sandbox.At(json.GetProperty("best_checkpoint_path").GetString()!)));
    }

    [Fact]
    public async Task Train_FromACheckpointThatIsDone_SaysHowToGoOn() =>
        (await _sandbox.RunAsync("train", "--checkpoint", "a.safetensors", "--corpus", "text.txt"))
            .Refused(2, "finished 5 epochs already", "--epochs");

    [Fact]
    public async Task Train_FromACheckpointOfAFile_TakesTheFileWhileItIsThere()
    {
        Assert.Contains("text.txt", (await _sandbox.RunAsync(Resume)).Succeeded().Error, StringComparison.Ordinal);
        _sandbox.Write("mine.txt", Texts.Plain);
        (await _sandbox.RunAsync(["train", "--corpus", "mine.txt", "--epochs", "1", "--out", "b", .. Texts.SmallModel])).Succeeded();
        File.Delete(_sandbox.At("mine.txt"));
        (await _sandbox.RunAsync("train", "--checkpoint", "b", "--epochs", "2")).Refused(2, "mine.txt, no longer exists", "--corpus");
    }

    [Fact]
    public async Task Train_FromACheckpointOfTheCatalog_TakesTheSameCorpus()
    {
        (await _sandbox.RunAsync(
            ["train", "--corpus", "bundled", "--epochs", "5", "--max-tokens", "200", "--out", "a.safetensors", .. Texts.SmallModel]))
                .Succeeded();
        Assert.Equal("bundled", (await _sandbox.RunAsync([.. Resume, "--json"])).Succeeded().Json().GetProperty("corpus").GetString());
    }

    private static readonly (string Option, string Value, string Complaint)[] OtherModels =
    [
        ("--hidden", "64", "hidden is 32 in the checkpoint and cannot become 64"),
        ("--cell", "lstm", "cell is gru in the checkpoint and cannot become lstm"),
        ("--layers", "2", "layers is 1 in the checkpoint"),
        ("--cleaning", "none", "cleaning is d2l in the checkpoint"),
        ("--token", "word", "token is char in the checkpoint"),
    ];

    [Fact]
    public Task Train_FromACheckpointWithAnotherModel_IsRefused() =>
        _sandbox.RunEachAsync(OtherModels, other => [.. Resume, "--corpus", "text.txt", other.Option, other.Value],
            (other, outcome) => outcome.Refused(2, other.Complaint));

    [Fact]
    public async Task Train_FromACheckpointWithAnotherText_Warns()
    {
        _sandbox.Write("other.txt", Texts.Plain.Replace("matter", "zzz", StringComparison.Ordinal));
        Outcome outcome = (await _sandbox.RunAsync([.. Resume, "--corpus", "other.txt"])).Succeeded();
        Assert.Contains("warning the checkpoint was trained on another text, 'text.txt'", outcome.ErrorLines);
        Assert.Contains("warning 180 tokens of the text are not in the checkpoint's vocab and are read as <unk>: --extend-vocab adds them",
            outcome.ErrorLines);
    }

    [Fact]
    public async Task Train_FromACheckpointOfAnotherAlphabet_IsAVocabMismatch()
    {
        _sandbox.Write("letters.txt", string.Concat(Enumerable.Repeat("qqqq zz jj", 200)));
        Outcome outcome = await _sandbox.RunAsync([.. Resume, "--corpus", "letters.txt", "--out", "b.safetensors"]);
        outcome.Refused(2, "vocab mismatch: 1600 of the text's 2000 tokens are not in the checkpoint's vocab of 24");
        Assert.False(File.Exists(_sandbox.At("b.safetensors")));
    }
}
