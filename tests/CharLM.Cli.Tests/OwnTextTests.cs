using System.Text;
using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>The user's own texts: as arguments, several, folders, other encodings, and what cleaning drops.</summary>
public sealed class OwnTextTests(TrainedModels models) : IDisposable
{
    private const string Poem = "\u5E8A\u524D\u660E\u6708\u5149\n\u7591\u662F\u5730\u4E0A\u971C\n";

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData("train {0} --epochs 1 --out m.safetensors --max-tokens 400 --json", "corpus_sha256")]
    [InlineData("corpus show {0} --json", "sha256")]
    public async Task Verb_TextsByPosition_ReadsThemAsOne(string command, string key)
    {
        WriteFolder();
        string expected = Sha256("onetwo\n" + Texts.Plain);
        Assert.Equal(expected, await Sha256Of("folder text.txt"));
        Assert.Equal(expected, await Sha256Of("folder/a.txt folder/sub/b.txt text.txt"));

        async Task<string?> Sha256Of(string texts)
        {
            string[] model = command.StartsWith("train", StringComparison.Ordinal) ? Texts.SmallModel : [];
            return (await _sandbox.RunAsync([.. string.Format(null, command, texts).Split(' '), .. model])).Succeeded().Json()
                .GetProperty(key).GetString();
        }
    }

    [Fact]
    public async Task Verb_CorpusOptionAndPosition_AreTheSameAndRefusedTogether()
    {
        WriteFolder();
        string[] rest = ["--max-tokens", "400", "--out", "m.safetensors", "--json"];
        string byPosition = (await _sandbox.RunAsync(["ngram", "folder", "text.txt", .. rest])).Succeeded().Output;
        string byOption = (await _sandbox.RunAsync(["ngram", "--corpus", "folder", "--corpus", "text.txt", .. rest])).Succeeded().Output;
        Assert.Equal(Tokens(byPosition), Tokens(byOption));
        foreach (string verb in new[] { "train", "ngram", "gradients" })
            (await _sandbox.RunAsync(verb, "text.txt", "--corpus", "text.txt")).Refused(2, $"after {verb}, or with --corpus");
        (await _sandbox.RunAsync("train", "nothing")).Refused(2, "no corpus is named 'nothing'");
        (await _sandbox.RunAsync("train", "no/thing")).Refused(1, "there is no file");

        static int Tokens(string output) => JsonDocument.Parse(output).RootElement.GetProperty("train_tokens").GetInt32();
    }

    // Thousands of kinds are learned on samples of them, but only by the kernels.
    [Fact]
    public async Task Train_ManyKinds_WorkInEveryImplementation()
    {
        string text = _sandbox.Write("many.txt", string.Concat(Enumerable.Range(0, 6000).Select(i => (char)(0x4E00 + (i % 2503)))));
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            .. new[] { "fused", "built-in", "custom" }.Select(one => new[] { "train", text, "--implementation", one, "--print-config" }),
            ["train", text, "--implementation", "custom", "--attention", "dot", "--print-config"],
        ]);
        int[] samples = [512, 0, 0, 0];
        foreach ((int sample, Outcome outcome) in samples.Zip(outcomes))
            Assert.Contains($"sampled_softmax: {sample}\n", outcome.Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("train", text, "--implementation", "custom", "--sampled-softmax", "64"))
            .Refused(2, "or sampled-softmax 0");
    }

    [Fact]
    public async Task Train_FromStandardInputByPosition_Works() =>
        Assert.Equal("standard input", (await _sandbox.RunWithInputAsync(Encoding.UTF8.GetBytes(Texts.Plain),
            ["train", "-", "--epochs", "1", "--max-tokens", "300", "--out", "m", "--json", .. Texts.SmallModel])).Succeeded().Json()
                .GetProperty("corpus").GetString());

    [Fact]
    public async Task Score_SeveralTexts_NumbersTheLinesOfAll()
    {
        _sandbox.Write("a.txt", "the time\nthe");
        _sandbox.Write("b.txt", "traveller\n");
        Outcome score = (await _sandbox.RunAsync("score", "a.txt", "b.txt", "--checkpoint", models.Plain, "--json")).Succeeded();
        JsonElement[] rows = [.. score.OutputLines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([("a.txt", 1, "the time"), ("a.txt", 2, "the"), ("b.txt", 3, "traveller")], rows.Select(row => (
            row.GetProperty("file").GetString(), row.GetProperty("line").GetInt32(), row.GetProperty("text").GetString())));
        Assert.Equal(3, (await _sandbox.RunAsync("score", "bundled", "--checkpoint", models.Plain)).Succeeded().OutputLines
            .Take(3).Count());
    }

    [Fact]
    public async Task Folder_WithOtherThingsInIt_CountsWhatItSkips()
    {
        WriteFolder();
        File.WriteAllBytes(_sandbox.At("folder/x.bin"), [0, 1, 2]);
        _sandbox.Write("folder/.hidden", "x");
        Outcome show = (await _sandbox.RunAsync("corpus", "show", "folder")).Succeeded();
        Assert.Equal("charlm: folder: 2 texts; skipped 1 binary, 1 hidden", Assert.Single(show.Complaints));
        Assert.Contains("2 texts: a.txt, sub/b.txt", show.OutputLines);
        Directory.CreateDirectory(_sandbox.At("empty"));
        (await _sandbox.RunAsync("train", "empty")).Refused(1, "holds no file");
    }

    [Fact]
    public async Task Train_OwnRunDirectoryInTheFolder_IsNoText()
    {
        WriteFolder();
        string[] options = ["--max-tokens", "400", "--epochs", "1", "--json", .. Texts.SmallModel];
        string? first = (await _sandbox.RunAsync(["train", ".", .. options])).Succeeded().Json().GetProperty("corpus_sha256").GetString();
        string? second = (await _sandbox.RunAsync(["train", ".", .. options])).Succeeded().Json().GetProperty("corpus_sha256").GetString();
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Train_OtherEncoding_IsRememberedByRunEvalAndReport()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        File.WriteAllBytes(
            _sandbox.At("tang.txt"), Encoding.GetEncoding("gb18030").GetBytes(string.Concat(Enumerable.Repeat(Poem, 200))));
        (await _sandbox.RunAsync("train", "tang.txt", "--cleaning", "none"))
            .Refused(1, "is not UTF-8: byte 0xB4 at offset 0, line 1", "--encoding gb18030, say");
        (await _sandbox.RunAsync("train", "tang.txt", "--encoding", "gb18031")).Refused(2, "encoding 'gb18031' is not known");
        (await _sandbox.RunAsync(["train", "tang.txt", "--encoding", "gb18030", "--cleaning", "none", "--max-tokens", "600", "--epochs", "1",
            "--prefix", "\u5E8A", "--run-dir", "run", .. Texts.SmallModel])).Succeeded();
        Assert.Contains("encoding: \"gb18030\"", File.ReadAllText(_sandbox.At("run/config.yaml")), StringComparison.Ordinal);
        Assert.Contains("test part",
            (await _sandbox.RunAsync("eval", "run", "--corpus", "tang.txt")).Succeeded().Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not measured", (await _sandbox.RunAsync("report", "run")).Succeeded().Error, StringComparison.Ordinal);
        (await _sandbox.RunAsync(["train", "--config", "run/config.yaml", "--epochs", "1", "--out", "again"])).Succeeded();
        (await _sandbox.RunAsync(["train", "tang.txt", "--checkpoint", "run/checkpoints/last.safetensors", "--epochs", "2", "--out", "m",
            "--prefix", "\u5E8A"])).Succeeded();
        (await _sandbox.RunAsync("ngram", "tang.txt", "--encoding", "gb18030", "--cleaning", "none", "--out", "n")).Succeeded();
        (await _sandbox.RunAsync("eval", "n", "--corpus", "tang.txt", "--max-tokens", "100")).Succeeded();
        (await _sandbox.RunAsync("score", "tang.txt", "--encoding", "gb18030", "--checkpoint", "run")).Succeeded();
    }

    [Fact]
    public async Task Train_ListOfTextsInAConfiguration_IsRead()
    {
        WriteFolder();
        _sandbox.Write("c.yaml", "corpus: [folder, text.txt]\n");
        Outcome config = (await _sandbox.RunAsync("train", "--config", "c.yaml", "--print-config")).Succeeded();
        Assert.Contains("corpus:\n- \"folder\"\n- \"text.txt\"\n", config.Output, StringComparison.Ordinal);
        _sandbox.Write("d.yaml", "corpus: folder\n");
        Assert.Contains("corpus: \"folder\"\n",
            (await _sandbox.RunAsync("train", "--config", "d.yaml", "--print-config")).Succeeded().Output, StringComparison.Ordinal);
        _sandbox.Write("e.yaml", "corpus: {a: b}\n");
        (await _sandbox.RunAsync("train", "--config", "e.yaml")).Refused(2, "e.yaml:1: corpus takes a text, or a list of texts");
    }

    [Fact]
    public async Task Train_CleaningThatDrops_SaysWhat()
    {
        _sandbox.Write("german.txt", string.Concat(Enumerable.Repeat("\u00DCber W\u00F6lfe und B\u00E4ren 12\n", 120)));
        string[] train = ["train", "german.txt", "--max-tokens", "400", "--epochs", "1", "--out", "m", .. Texts.SmallModel];
        Assert.Equal(
            "charlm: warning: cleaning d2l drops 20.8 % of the characters: \u00DC \u00E4 \u00F6 1 2 (--cleaning none keeps all, lower changes "
                + "capitals only)",
            Assert.Single((await _sandbox.RunAsync([.. train, "--cleaning", "d2l"])).Succeeded().Complaints));
        Assert.Empty((await _sandbox.RunAsync([.. train, "--cleaning", "lower"])).Succeeded().Complaints);
        Outcome show = (await _sandbox.RunAsync("corpus", "show", "german.txt", "--cleaning", "d2l")).Succeeded();
        Assert.Contains("cleaning d2l drops 20.8 % of the characters: \u00DC \u00E4 \u00F6 1 2", show.OutputLines);
        Assert.Equal("  ber w lfe und b ren", show.OutputLines[^1]);
        Assert.Contains("  \u00FCber w\u00F6lfe und b\u00E4ren 12",
            (await _sandbox.RunAsync("corpus", "show", "german.txt", "--cleaning", "lower")).Succeeded().OutputLines);
    }

    [Fact]
    public async Task Generate_TextByPosition_IsThePrefix()
    {
        string[] options = ["--checkpoint", models.Plain, "--length", "5"];
        string byOption = (await _sandbox.RunAsync(["generate", "--prefix", "the time", .. options])).Succeeded().Output;
        Assert.Equal(byOption, (await _sandbox.RunAsync(["generate", "the time", .. options])).Succeeded().Output);
        (await _sandbox.RunAsync(["generate", "the", "--prefix", "a", .. options])).Refused(2, "after generate, or with --prefix");
        (await _sandbox.RunAsync("generate", "once", "upon")).Refused(2, "does not take the word 'upon'; put the text in quotes");
        _sandbox.Write("a.txt", "text");
        (await _sandbox.RunAsync("generate", "a.txt")).Refused(2, "a.txt: is a file", "--prefix takes the words");
        (await _sandbox.RunAsync("generate", models.Plain)).Complained(2, "is a model, not a text; --checkpoint takes a model");
        (await _sandbox.RunAsync("generate", "")).Refused(2, "the text to continue is empty");
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("seq2seq")]
    public async Task Predict_TextByPosition_IsTheText(string verb)
    {
        _sandbox.Write("pairs.tsv", string.Concat(Enumerable.Repeat("ab\tx\nba\ty\n", 20)));
        (await _sandbox.RunAsync(verb, "train", "--data", "pairs.tsv", "--epochs", "1", "--hidden", "8", "--out", "m")).Succeeded();
        string[] predict = [verb, "predict", "--checkpoint", "m"];
        string byOption = (await _sandbox.RunAsync([.. predict, "--text", "ab"])).Succeeded().Output;
        Assert.Equal(byOption, (await _sandbox.RunAsync([.. predict, "ab"])).Succeeded().Output);
        (await _sandbox.RunAsync([.. predict, "ab", "--text", "ab"])).Refused(2, "give a text, --text or --input: exactly one of them");
        (await _sandbox.RunAsync(predict)).Refused(2, "give a text, --text or --input: exactly one of them");
        (await _sandbox.RunAsync([.. predict, "pairs.tsv"])).Refused(2, "pairs.tsv: is a file; --input reads texts from a file");
    }

    private void WriteFolder()
    {
        Directory.CreateDirectory(_sandbox.At("folder/sub"));
        _sandbox.Write("folder/a.txt", "one");
        _sandbox.Write("folder/sub/b.txt", "two\n");
        _sandbox.Write("text.txt", Texts.Plain);
    }

    private static string Sha256(string text) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
