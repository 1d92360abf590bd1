using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary><c>charlm import</c> and <c>charlm export</c>: to PyTorch and back, without Python.</summary>
public sealed class PyTorchTests(TrainedModels models) : IDisposable
{
    // Checked once, before anything is trained.
    private static readonly Lazy<Task<bool>> PythonHasTorch = new(async () =>
    {
        using var sandbox = new Sandbox();
        return (await sandbox.BashAsync("/usr/bin/python3 -c 'import torch' 2>/dev/null")).ExitCode == 0;
    });

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private static string Golden(string name) => Path.Combine(Repository.Root, "tests", "CharLM.Tests", "golden", "pytorch", name);

    private static string Perplexity(string script) => Path.Combine(Repository.Root, "scripts", script);

    [Fact]
    public async Task Export_AndImport_IsTheSameModelWithNothingElseGiven()
    {
        string[] files = ["m.pt", "m.PTH", "m.safetensors"];
        string corpus = _sandbox.Write("text.txt", Texts.Plain);
        await _sandbox.RunEachAsync(
            files, file => ["export", "--checkpoint", models.Plain, "--out", file], (_, outcome) => outcome.Succeeded());

        await _sandbox.RunEachAsync(files, file => ["import", file, "--out", $"{file}.back"], (_, outcome) => outcome.Succeeded());

        Outcome[] evaluations = await _sandbox.RunEachAsync(
            [.. files.Select(file => $"{file}.back").Prepend(models.Plain)
                .Select(model => (string[])["eval", "--checkpoint", model, "--corpus", corpus, "--json"])]);
        Assert.Single(evaluations.Select(outcome => outcome.Succeeded().Json().GetProperty("perplexity").GetRawText()).Distinct());
    }

    [Fact]
    public async Task Import_ByTheOldOption_IsTheSame()
    {
        string vocab = _sandbox.Write("vocab.json", """["<unk>","a","b","c","d"]""");
        (await _sandbox.RunAsync("import", Golden("lstm-gpu.pt"), "--vocab", vocab, "--out", "a.safetensors")).Succeeded();
        (await _sandbox.RunAsync("import", "--from-pytorch", Golden("lstm-gpu.pt"), "--vocab", vocab, "--out", "b.safetensors"))
            .Succeeded();
        Assert.Equal(await File.ReadAllBytesAsync(_sandbox.At("a.safetensors")),
            await File.ReadAllBytesAsync(_sandbox.At("b.safetensors")));
        (await _sandbox.RunAsync("generate", "--checkpoint", "a.safetensors", "--prefix", "ab", "--length", "5")).Succeeded();
    }

    [Fact]
    public async Task Import_WithTheCorpus_MakesItsVocab()
    {
        string corpus = _sandbox.Write("text.txt", "dddd ccc bb a");
        JsonElement result = (
            await _sandbox.RunAsync(
                "import", Golden("gru.pt"), "--corpus", corpus, "--cleaning", "none", "--min-freq", "2", "--out", "a.safetensors",
                    "--json")).Succeeded().Json();
        Assert.Equal(("gru", 3, 5),
            (result.GetProperty("cell").GetString(), result.GetProperty("hidden").GetInt32(), result.GetProperty("vocab_size").GetInt32()));
    }

    [Fact]
    public async Task Import_OneOfSeveral_IsChosenByItsKey()
    {
        string vocab = _sandbox.Write("vocab.json", """["<unk>","a","b","c","d"]""");
        (await _sandbox.RunAsync("import", Golden("gru-two.pt"), "--vocab", vocab, "--out", "a.safetensors"))
            .Refused(1, "name the key of one: best, ema");
        (await _sandbox.RunAsync("import", Golden("gru-two.pt"), "--vocab", vocab, "--key", "best", "--out", "a.safetensors")).Succeeded();
    }

    /// <summary>trap.pt is a state dict with a pickled call of os.system("touch trap").</summary>
    [Fact]
    public async Task Import_FileThatWouldRunAProgram_IsRefusedAndNothingRuns()
    {
        (await _sandbox.RunAsync("import", Golden("trap.pt"), "--out", "a.safetensors"))
            .Refused(1, Golden("trap.pt"), "asks for 'posix.system'", "nothing was run", "model.state_dict()");
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Import_OtherFiles_AreRefusedInOneLine()
    {
        await _sandbox.RefuseEachAsync(
            (1, ["import", Golden("module.pt"), "--out", "a.safetensors"], ["asks for '__main__.CharModel'"]),
            (1, ["import", Golden("old-format.pt"), "--out", "a.safetensors"], ["before PyTorch 1.6"]),
            (1, ["import", Golden("gru.pt"), "--out", "a.safetensors"], ["has no vocab beside its weights"]),
            (1, ["import", "missing.pt", "--out", "a.safetensors"], ["missing.pt: there is no such file"]));
        await File.WriteAllBytesAsync(_sandbox.At("cut.pt"), (await File.ReadAllBytesAsync(Golden("gru.pt")))[..1500]);
        await _sandbox.RefuseEachAsync(
            (1, ["import", "cut.pt", "--out", "a.safetensors"], ["cut.pt: is a damaged zip archive, or cut off"]),
            (2, ["import", "--out", "a.safetensors"], ["import needs a model"]),
            (2, ["import", "", "--out", "a.safetensors"], ["empty"]),
            (2, ["import", "a.pt", "--from-pytorch", "b.pt", "--out", "a.safetensors"], ["named twice"]));
        Assert.Equal(["cut.pt"], _sandbox.Files());
    }

    [Fact]
    public async Task Export_OtherPlaces_AreRefusedAndNothingWritten()
    {
        await _sandbox.RunEachAsync(["model", "model.bin", "model.onnx", "pt", ".pt.gz"],
            name => ["export", "--checkpoint", models.Plain, "--out", name],
            (name, outcome) => outcome.Refused(2, "out must end in .pt, .pth or .safetensors", $"'{name}'"));
        await _sandbox.RefuseEachAsync(
            (2, ["export", "--checkpoint", models.Plain, "--out", models.Plain], ["must be different files"]),
            (2, ["export", "--checkpoint", models.Plain, "--out", "a.pt", "--vocab", "./a.pt"], ["must be different files"]),
            (1, ["export", "--checkpoint", models.Plain, "--out", "/proc/none/a.pt"], ["/proc/none/a.pt: cannot be written"]),
            (1, ["export", "--checkpoint", "missing", "--out", "a.pt"], ["missing: there is no such file"]));
        Assert.Empty(_sandbox.Files());
    }

    /// <summary>The file loads in PyTorch with weights_only and gives the same results.</summary>
    [Theory]
    [InlineData("--cell", "rnn", "--implementation", "built-in")]
    [InlineData("--cell", "rnn", "--layers", "2", "--activation", "relu", "--lr", "0.2")]
    [InlineData("--cell", "gru", "--layers", "2", "--embedding", "24", "--tie-weights", "--implementation", "custom", "--gru-form",
        "reset-after")]
    [InlineData("--cell", "lstm", "--embedding", "12")]
    [InlineData("--cell", "lstm", "--layers", "2", "--implementation", "built-in")]
    public async Task Export_TrainedHere_HasTheSamePerplexityInPyTorch(params string[] options)
    {
        Assert.SkipUnless(await PythonHasTorch.Value,
            "/usr/bin/python3 has no torch: apt-get install --no-install-recommends python3-torch");
        string text = Texts.Plain[..2000];
        _sandbox.Write("text.txt", text);
        (await _sandbox.RunAsync(
            ["train", "--corpus", "text.txt", "--cleaning", "none", "--epochs", "3", "--hidden", "24", "--batch-size", "8", "--num-steps",
                "20", "--out", "m", .. options])).Succeeded();
        (await _sandbox.RunAsync("export", "--checkpoint", "m", "--out", "m.pt", "--vocab", "vocab.json")).Succeeded();
        string[] vocab = JsonSerializer.Deserialize<string[]>(await File.ReadAllBytesAsync(_sandbox.At("vocab.json")))!;
        _sandbox.Write("ids.json", JsonSerializer.Serialize(text.Select(character => Array.IndexOf(vocab, $"{character}"))));
        JsonElement here = (await _sandbox.RunAsync(
            "eval", "--checkpoint", "m", "--corpus", "text.txt", "--split", "all", "--rows", "1", "--json")).Succeeded().Json();

        Outcome python = await _sandbox.BashAsync(
            "exec /usr/bin/python3 \"$1\" m.pt ids.json", Perplexity("pytorch_perplexity.py"));

        double there = python.Succeeded().Json().GetProperty("perplexity").GetDouble();
        Assert.InRange(Math.Abs(here.GetProperty("perplexity").GetDouble() - there) / there, 0, 1e-5);
    }
}
