using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Limits, reserved names, unknown characters and sampling of models on pairs.</summary>
public sealed class PairLimitTests : IDisposable
{
    private static readonly string[] Small = ["--hidden", "8", "--threads", "1", "--lr", "0.02", "--batch-size", "2"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Seq2Seq_GreatestLength_IsNeverPassedAndUnknownCharactersAreTold()
    {
        _sandbox.Write("two.tsv", "a\tbbbb\nc\tdddd\n");
        (await _sandbox.RunAsync(["seq2seq", "train", "--data", "two.tsv", "--out", "m", "--epochs", "1", "--max-target", "4", .. Small]))
            .Succeeded();
        foreach (string[] how in (string[][])[[], ["--beam", "3"], ["--temperature", "2"]])
        {
            Outcome one = (await _sandbox.RunAsync(["seq2seq", "predict", "--checkpoint", "m", "--text", "a", .. how])).Succeeded();
            Assert.InRange(Assert.Single(one.OutputLines).Split('\t')[1].Length, 0, 4);
            Assert.Empty(one.ErrorLines);
        }
        // One warning for all lines; and a cell cannot end itself or its line.
        Outcome many = (await _sandbox.RunWithInputAsync(
            "aq\nq\nz\ra\n"u8.ToArray(), "seq2seq", "predict", "--checkpoint", "m", "--input", "-")).Succeeded();
        Assert.Equal("charlm: warning: the model does not know 'q', 'z', '\\r' and reads them as <unk>", Assert.Single(many.ErrorLines));
        Assert.Equal(["aq", "q", "z\\ra"], many.OutputLines.Select(line => line.Split('\t')[0]));
        Assert.StartsWith("a\\tc\\na\t",
            (await _sandbox.RunAsync("seq2seq", "predict", "--checkpoint", "m", "--text", "a\tc\na")).Succeeded().Output,
                StringComparison.Ordinal);
        (await _sandbox.RunAsync("seq2seq", "predict", "--checkpoint", "m", "--text", new string('a', 257)))
            .Refused(2, "257 characters, more than --max-source 256");

        // The model never writes an unknown character, and cannot learn to.
        _sandbox.Write("other.tsv", "a\tqqqq\n");
        (await _sandbox.RunAsync("seq2seq", "train", "--checkpoint", "m", "--data", "other.tsv", "--out", "f", "--epochs", "9"))
            .Refused(1, "other.tsv, line 1: the target has 'q', which is not in the model's target vocab");
        Outcome eval = (await _sandbox.RunAsync("seq2seq", "eval", "--checkpoint", "m", "--data", "other.tsv")).Succeeded();
        Assert.Equal("charlm: warning: the model never writes 'q': such targets cannot be right", Assert.Single(eval.ErrorLines));
        _sandbox.Write("far.tsv", "qqqa\tbb\n");
        (await _sandbox.RunAsync("seq2seq", "train", "--checkpoint", "m", "--data", "far.tsv", "--out", "f", "--epochs", "9"))
            .Refused(2, "vocab mismatch: 3 of the 4 characters of the sources");
        _sandbox.Write("near.tsv", "aaaq\tbb\n");
        Outcome near = (await _sandbox.RunAsync(
            "seq2seq", "train", "--checkpoint", "m", "--data", "near.tsv", "--out", "f", "--epochs", "2")).Succeeded();
        Assert.Contains("warning the model does not know 'q' of the sources in near.tsv and reads them as <unk>", near.ErrorLines);
    }

    [Fact]
    public async Task Seq2Seq_Draws_AreThoseOfTheLineWhateverStandsBeside()
    {
        _sandbox.Write("names.tsv", "x\tabcdab\ny\tbcdabc\n");
        (await _sandbox.RunAsync(
            ["seq2seq", "train", "--data", "names.tsv", "--source", "label", "--bidirectional", "false", "--out", "m", "--epochs", "1",
                .. Small])).Succeeded();
        string[] many = await DrawAsync(string.Concat(Enumerable.Repeat("x\n", 300)), 5),
            mixed = await DrawAsync("x\ny\n" + string.Concat(Enumerable.Repeat("x\n", 30)), 5);
        Assert.NotEqual(many[..64], many[128..192]);
        Assert.Equal(many[..1], mixed[..1]);
        Assert.Equal(many[2..32], mixed[2..]);
        Assert.NotEqual(many[..32], (await DrawAsync(string.Concat(Enumerable.Repeat("x\n", 32)), 6))[..32]);

        async Task<string[]> DrawAsync(string lines, int seed) =>
            (await _sandbox.RunWithInputAsync(
                System.Text.Encoding.UTF8.GetBytes(lines), "seq2seq", "predict", "--checkpoint", "m", "--input", "-", "--temperature",
                    "1.2", "--seed", $"{seed}", "--threads", "1")).Succeeded().OutputLines;
    }

    [Fact]
    public async Task Classify_ReservedAndMissingLabelsAndUnknownCharacters_AreTold()
    {
        _sandbox.Write("ul.tsv", "a\t<unk>\nb\tB\n");
        (await _sandbox.RunAsync("classify", "train", "--data", "ul.tsv")).Refused(1, "ul.tsv, line 1: the label <unk> is reserved");
        _sandbox.Write("white.tsv", "a\tA\nb\tA \n");
        (await _sandbox.RunAsync("classify", "train", "--data", "white.tsv"))
            .Refused(1, "white.tsv, line 2: the labels 'A' and 'A ' differ only in white space");
        _sandbox.Write("abc.tsv", "aaa\tA\nbbb\tB\nccc\tC\n");
        (await _sandbox.RunAsync(["classify", "train", "--data", "abc.tsv", "--out", "m", "--epochs", "60", .. Small])).Succeeded();
        _sandbox.Write("ab.tsv", "aaa\tA\nbbb\tB\n");
        JsonElement eval = (await _sandbox.RunAsync("classify", "eval", "--checkpoint", "m", "--data", "ab.tsv", "--json"))
            .Succeeded().Json();
        // C neither occurs nor is predicted: its F1 is undefined and left out of macro-F1.
        Assert.Equal("[1,1,null]", eval.GetProperty("f1").ToString());
        Assert.Equal(1, eval.GetProperty("macro_f1").GetDouble());
        Outcome predict = (await _sandbox.RunWithInputAsync(
            "aaq\nqaa\n"u8.ToArray(), "classify", "predict", "--checkpoint", "m", "--input", "-")).Succeeded();
        Assert.Equal("charlm: warning: the model does not know 'q' and reads them as <unk>", Assert.Single(predict.ErrorLines));
        Assert.Equal(2, predict.OutputLines.Length);
    }
}
