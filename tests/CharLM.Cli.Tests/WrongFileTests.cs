using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Files of the wrong kind, and other programs' names for charlm's options.</summary>
public sealed class WrongFileTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private static readonly (string Command, string Taker)[] TextsForModels =
    [
        ("eval text.txt", "--corpus takes a text"),
        ("inspect text.txt", "charlm train --corpus trains a model on a text"),
        ("generate --checkpoint text.txt", "charlm train --corpus trains a model on a text"),
        ("score --checkpoint text.txt", "give a text without an option"),
        ("train --checkpoint text.txt --out m", "--corpus takes a text"),
        ("gradients --checkpoint text.txt", "--corpus takes a text"),
        ("export --checkpoint text.txt --out m.pt", "charlm train --corpus trains a model on a text"),
        ("classify predict --checkpoint text.txt --text a", "--input takes texts"),
        ("classify train --checkpoint text.txt --data x", "--data takes pairs"),
    ];

    [Fact]
    public async Task AnyVerb_TextForAModel_SaysWhichOptionTakesIt()
    {
        _sandbox.Write("text.txt", Texts.Unicode + Texts.Plain);
        await _sandbox.RunEachAsync(TextsForModels, wrong => wrong.Command.Split(' '),
            (wrong, outcome) => outcome.Refused(1, "text.txt: is a text, not a model", wrong.Taker));
    }

    private static readonly (string Command, string Taker)[] ModelsForTexts =
    [
        ("train --corpus MODEL", "--checkpoint takes a model"),
        ("score MODEL", "--checkpoint takes a model"),
        ("eval --corpus MODEL", "--checkpoint takes a model"),
        ("corpus show MODEL", "charlm inspect shows"),
        ("ngram --corpus MODEL", "charlm inspect shows"),
        ("classify train --data MODEL", "--checkpoint takes a model"),
    ];

    [Fact]
    public Task AnyVerb_ModelForAText_SaysWhichOptionTakesIt() =>
        _sandbox.RunEachAsync(ModelsForTexts, wrong => [.. wrong.Command.Split(' ').Select(word => word == "MODEL" ? models.Plain : word)],
            (wrong, outcome) => outcome.Complained(1, "is a model, not a text", wrong.Taker));

    [Fact]
    public async Task AnyVerb_RunDirectoryForAModel_TakesItsBest()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        (await _sandbox.RunAsync(
            ["train", "--corpus", "text.txt", "--max-tokens", "600", "--validation-fraction", "0.2", "--epochs", "1", "--run-dir", "run",
                .. Texts.SmallModel])).Succeeded();
        Assert.Contains("run/checkpoints/best.safetensors", (await _sandbox.RunAsync("inspect", "run", "--json")).Succeeded().Output,
            StringComparison.Ordinal);
        (await _sandbox.RunAsync("generate", "--checkpoint", "run", "--length", "3")).Succeeded();
        (await _sandbox.RunAsync("eval", "run", "--corpus", "text.txt", "--max-tokens", "50")).Succeeded();
        await _sandbox.RefuseEachAsync(
            (2, ["train", "--checkpoint", "run", "--out", "m"], ["has finished 1 epochs already"]),
            (1, ["train", "--corpus", "run"], ["is a run directory, not a text"]));
    }

    /// <summary>A verb, a typed option, and the option that it stands for; null if there is none.</summary>
    private static readonly (string Verb, string Typed, string? Meant)[] Typed =
    [
        ("train", "--val-fraction", "--validation-fraction"),
        ("train", "--learning-rate", "--lr"),
        ("train", "--learning_rate", "--lr"),
        ("train", "--text", "--corpus"),
        ("train", "--model", "--checkpoint"),
        ("train", "--file", "--corpus"),
        ("generate", "--temp", "--temperature"),
        ("train", "--hidden-size", "--hidden"),
        ("train", "--hidden-size=64", "--hidden"),
        ("train", "--n-layers", "--layers"),
        ("train", "--num_layers", "--layers"),
        ("train", "--bs", "--batch-size"),
        ("train", "--seq-len", "--num-steps"),
        ("train", "--iterations", "--epochs"),
        ("generate", "--prompt", "--prefix"),
        ("generate", "--model", "--checkpoint"),
        ("generate", "--max-new-tokens", "--length"),
        ("classify train", "--text", "--data"),
        ("ngram", "-n", "--order"),
        ("train", "--hiden", "--hidden"),
        ("train", "--Epochs", "--epochs"),
        ("generate", "--topk", "--top-k"),
        ("generate", "--corpus-file", null),
        ("generate", "--verbose", null),
        ("inspect", "--text", null),
        ("inspect", "--model", "--checkpoint"),
        ("score", "--model", "--checkpoint"),
        ("report", "--output", "--out"),
        ("train", "--yes", null),
    ];

    [Fact]
    public Task AnyVerb_WordOfAnotherProgram_NamesTheOptionThatDoesIt() =>
        _sandbox.RunEachAsync(Typed, word => [.. word.Verb.Split(' '), word.Typed, "1"], (word, outcome) =>
        {
            outcome.Refused(2, $"{word.Verb} has no option '{word.Typed}'");
            Assert.Equal(word.Meant, outcome.Error.Split("did you mean '") is [_, var rest] ? rest.Split('\'')[0] : null);
        });

    [Fact]
    public async Task FileName_BehindTwoDashes_IsAName() =>
        (await _sandbox.RunAsync("inspect", "--", "--text")).Refused(1, "--text: there is no such file");

    [Fact]
    public async Task Temperature_BelowZero_IsToldThatZeroIsFine()
    {
        Outcome[] outcomes = await _sandbox.RunEachAsync(
            [["generate", "--temperature", "-1", "--top-k", "3"], ["seq2seq", "predict", "--text", "a", "--temperature", "-1"]]);
        outcomes[0].Refused(2, "charlm: temperature must be 0 or more, not -1");
        Assert.DoesNotContain("above 0", outcomes[1].Refused(2, "temperature must be 0").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_Json_IsOneObject()
    {
        JsonElement json = (await _sandbox.RunAsync("--version", "--json")).Succeeded().Json();
        Assert.Matches(@"^\d+\.\d+", json.GetProperty("charlm").GetString());
        Assert.Matches(@"^\d+\.\d+", json.GetProperty("libtorch").GetString());
        Assert.Equal(json.ToString(), (await _sandbox.RunAsync("--json", "--version")).Succeeded().Json().ToString());
    }

    [Theory]
    [InlineData("train --corpus x")]
    [InlineData("classify train --data x")]
    [InlineData("seq2seq train --data x")]
    public async Task PrintConfig_Json_HasWhatTheYamlHas(string verb)
    {
        string[] command = [.. verb.Split(' '), "--hidden", "7", "--lr", "0.125", "--print-config"];
        Outcome[] outcomes = await _sandbox.RunEachAsync([command, [.. command, "--json"]]);
        string yaml = outcomes[0].Succeeded().Output;
        JsonElement json = outcomes[1].Succeeded().Json();
        Assert.Equal(0.125, json.GetProperty("training").GetProperty("learning_rate").GetDouble());
        Assert.Equal([.. yaml.Split('\n').Where(line => line.Length > 0 && line[0] != ' ').Select(line => line.Split(':')[0])],
            json.EnumerateObject().Select(entry => entry.Name));
        Assert.Equal(yaml.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, Count(json));
    }

    [Fact]
    public async Task Train_LinesOfDos_AreToldOnce()
    {
        _sandbox.Write("text.txt", Texts.Plain.ReplaceLineEndings("\r\n"));
        string[] train = ["train", "--corpus", "text.txt", "--max-tokens", "200", "--epochs", "1", "--out", "m", .. Texts.SmallModel];
        Assert.Contains(@"lines of text.txt end with \r\n",
            Assert.Single((await _sandbox.RunAsync([.. train, "--cleaning", "none"])).Succeeded().Complaints), StringComparison.Ordinal);
        Assert.Empty((await _sandbox.RunAsync(train)).Succeeded().Complaints);
        Assert.Contains(@"\r\n",
            Assert.Single((await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--cleaning", "none", "--out", "m")).Succeeded()
                .Complaints), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interactive_UnknownTokens_AreToldAndALineOfThemIsPassedOver()
    {
        Outcome outcome = (await _sandbox.RunWithInputAsync(
            "the tïme\n\u4e2d\u6587\nthe\n"u8.ToArray(), "generate", "--checkpoint", models.Plain, "--interactive", "--length", "3"))
                .Succeeded();
        Assert.Equal(2, outcome.OutputLines.Length);
        Assert.Equal(2, outcome.Complaints.Length);
        Assert.Contains("warning: the model does not know '\u00ef'", outcome.Complaints[0], StringComparison.Ordinal);
        Assert.Contains("knows no token", outcome.Complaints[1], StringComparison.Ordinal);
    }

    // One YAML line per key, including the keys of nested records.
    private static int Count(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().Sum(entry => 1 + Count(entry.Value)) : 0;
}
