using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>charlm classify and charlm seq2seq: from pairs to a model, and all kinds of invalid pairs.</summary>
public sealed class SequenceTests : IDisposable
{
    private static readonly string[] Small = ["--hidden", "16", "--threads", "1", "--lr", "0.02", "--batch-size", "8"];

    // The task: which of a and b comes first; and the word with its first letter moved to the end.
    private static readonly string[] Words = ["ab", "ba", "aab", "bba", "abb", "baa", "abab", "baba", "aaab", "bbba", "abba", "baab"];

    private readonly Sandbox _sandbox = new();

    private string Labels =>
        _sandbox.Write("labels.tsv", string.Concat(Words.Select(word => $"{word}\t{(word[0] == 'a' ? "erst" : "zweit")}\n")));

    private string Turned => _sandbox.Write("turned.tsv", string.Concat(Words.Select(word => $"{word}\t{word[1..]}{word[0]}\n")));

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Classify_TrainPredictEval_LabelsTheTexts()
    {
        _sandbox.Environment["LC_ALL"] = "de_DE.UTF-8";
        Outcome train = (await _sandbox.RunAsync(
            ["classify", "train", "--data", Labels, "--validation", "labels.tsv", "--out", "m.safetensors", "--epochs", "30",
                "--bidirectional", "--pooling", "attention", .. Small])).Succeeded();
        Assert.Matches(@"^loss 0\.\d{4} nats, held-out accuracy 1\.0000, held-out macro-F1 1\.0000, 30 epochs, m\.safetensors$",
            train.OutputLines[0]);
        Assert.Matches(@"^best held-out accuracy 1\.0000 after epoch \d+, m\.best\.safetensors$", train.OutputLines[1]);
        Outcome predict = (await _sandbox.RunAsync(
            "classify", "predict", "--checkpoint", "m.safetensors", "--text", "abab", "--threads", "1")).Succeeded();
        Assert.Matches(@"^abab\terst\t[01]\.\d{4}$", Assert.Single(predict.OutputLines));
        JsonElement eval = (await _sandbox.RunAsync("classify", "eval", "--checkpoint", "m.safetensors", "--data", "labels.tsv", "--json"))
            .Succeeded().Json();
        Assert.Equal((12, 1.0, 1.0),
            (eval.GetProperty("predictions").GetInt32(), eval.GetProperty("accuracy").GetDouble(),
                eval.GetProperty("macro_f1").GetDouble()));
        Assert.Equal("[[6,0],[0,6]]", eval.GetProperty("confusion").ToString());
        Outcome table = (await _sandbox.RunAsync("classify", "eval", "--checkpoint", "m.safetensors", "--data", "labels.tsv")).Succeeded();
        Assert.Equal(["accuracy 1.0000, macro-F1 1.0000, 12 labels", @"true \ predicted  erst  zweit", "erst                 6      0",
            "zweit                0      6"], table.OutputLines);
    }

    [Fact]
    public async Task Seq2Seq_TrainPredictEvalAndGoOn_TurnsTheTexts()
    {
        string[] train = ["seq2seq", "train", "--data", Turned, "--out", "m.safetensors", "--attention", "dot", .. Small];
        (await _sandbox.RunAsync([.. train, "--epochs", "20"])).Succeeded();
        Outcome more = (await _sandbox.RunAsync(
            "seq2seq", "train", "--data", "turned.tsv", "--checkpoint", "m.safetensors", "--out", "m.safetensors", "--epochs", "40",
                "--json")).Succeeded();
        Assert.Equal(40, more.Json().GetProperty("epochs").GetInt32());
        Assert.Contains("epoch 21/40", more.Error, StringComparison.Ordinal);
        JsonElement eval = (await _sandbox.RunAsync(
            "seq2seq", "eval", "--checkpoint", "m.safetensors", "--data", "turned.tsv", "--beam", "3", "--json")).Succeeded().Json();
        Assert.True(eval.GetProperty("exact_match").GetDouble() > 0.5, eval.ToString());
        Outcome predict = (await _sandbox.RunWithInputAsync(
            "ab\r\nbaba\tignored\n"u8.ToArray(), "seq2seq", "predict", "--checkpoint", "m.safetensors", "--input", "-")).Succeeded();
        Assert.Equal(["ab", "baba"], predict.OutputLines.Select(line => line.Split('\t')[0]));
        JsonElement json = (await _sandbox.RunAsync("seq2seq", "predict", "--checkpoint", "m.safetensors", "--text", "abb", "--json"))
            .Succeeded().Json();
        JsonElement attention = json.GetProperty("predictions")[0].GetProperty("attention");
        Assert.All(attention.EnumerateArray(), row => Assert.Equal(1, row.EnumerateArray().Sum(weight => weight.GetDouble()), 1e-4));

        // Beside a longer source, a source has no weights for the padding.
        JsonElement beside = (await _sandbox.RunWithInputAsync(
            "ab\nbabab\n"u8.ToArray(), "seq2seq", "predict", "--checkpoint", "m.safetensors", "--input", "-", "--json")).Succeeded().Json();
        Assert.Equal([2, 5], beside.GetProperty("predictions").EnumerateArray()
            .Select(one => one.GetProperty("attention")[0].GetArrayLength()));
    }

    [Fact]
    public async Task Seq2Seq_LabelAsSource_SteersWhatIsWritten()
    {
        string data = _sandbox.Write("names.tsv", string.Concat(Enumerable.Repeat("wells\taaaa\nzola\tbbbb\n", 6)));
        (await _sandbox.RunAsync(
            ["seq2seq", "train", "--data", data, "--source", "label", "--out", "m.safetensors", "--epochs", "20", .. Small])).Succeeded();
        Outcome predict = (await _sandbox.RunWithInputAsync(
            "zola\nwells\n"u8.ToArray(), "seq2seq", "predict", "--checkpoint", "m.safetensors", "--input", "-")).Succeeded();
        Assert.Equal(["zola\tbbbb", "wells\taaaa"], predict.OutputLines);
        (await _sandbox.RunAsync("seq2seq", "predict", "--checkpoint", "m.safetensors", "--text", "proust"))
            .Refused(2, "the label 'proust' was not in training; known are wells, zola");
    }

    [Fact]
    public async Task Seq2Seq_AsInTheBooks_TranslatesWordsAndComparesBeams()
    {
        string data = _sandbox.Write("eng.tsv", "I love you.\t我愛你。\nI won!\t我贏了！\nI love it.\t我愛它。\n"),
            swapped = _sandbox.Write("swapped.tsv", "我愛你。\tI love you.\n我贏了！\tI won!\n");
        (await _sandbox.RunAsync(
            "seq2seq", "train", "--preset", "d2l-bahdanau", "--target-token", "char", "--min-freq", "0", "--data", data, "--out", "m",
            "--epochs", "120", "--threads", "1")).Succeeded();
        Outcome[] predict = await _sandbox.RunEachAsync([
            ["seq2seq", "predict", "--checkpoint", "m", "I love you."], ["seq2seq", "predict", "--checkpoint", "m", "i love you ."]]);
        Assert.Equal(["I love you.\t我愛你。", "i love you .\t我愛你。"], predict.SelectMany(one => one.Succeeded().OutputLines));
        (await _sandbox.RunAsync("seq2seq", "predict", "--checkpoint", "m", "I won!", "--heat-map", "map.html")).Succeeded();
        Assert.Contains("I won!", await File.ReadAllTextAsync(_sandbox.At("map.html")), StringComparison.Ordinal);
        Outcome[] eval = await _sandbox.RunEachAsync([
            ["seq2seq", "eval", "--checkpoint", "m", "--data", data, "--beams", "1,3"],
            ["seq2seq", "eval", "--checkpoint", "m", "--data", data, "--beams", "1,3", "--json"]]);
        Assert.Matches(@"^beam 1: exact match 1\.0000, character error rate 0\.0000, BLEU 1\.0000, \d+\.\d s$",
            eval[0].Succeeded().OutputLines[0]);
        Assert.Equal([1, 3], eval[1].Json().GetProperty("beams").EnumerateArray().Select(one => one.GetProperty("beam").GetInt32()));
        await _sandbox.RefuseEachAsync(
            (2, ["seq2seq", "eval", "--checkpoint", "m", "--data", swapped], ["its targets are: swap the two columns"]),
            (2, ["seq2seq", "train", "--data", data, "--validation", swapped, "--out", "n"], ["swap the two columns"]),
            (2, ["seq2seq", "eval", "--checkpoint", "m", "--data", data, "--beams", "1,,2"], ["--beams takes 1 to 20 whole numbers"]),
            // Options that would change nothing.
            (2, ["seq2seq", "eval", "--checkpoint", "m", "--data", data, "--beams", "1,3", "--beam", "2"], ["leave beam 2 out"]),
            (2, ["seq2seq", "eval", "--checkpoint", "m", "--data", data, "--length-penalty", "1"], ["length-penalty must come with beam"]),
            (2, ["seq2seq", "predict", "--checkpoint", "m", "I won!", "--length-penalty", "1"], ["length-penalty must come with beam"]),
            (2, ["seq2seq", "train", "--data", data, "--preset", "d2l-seq2se"], ["did you mean 'd2l-seq2seq'?"]),
            (2, ["seq2seq", "train", "--data", data, "--token", "byte"], ["--token takes one of char|word, not 'byte'"]),
            (1, ["seq2seq", "train", "--data", data, "--equal-length", "true"], ["eng.tsv, line 1: the source has 11 characters"]),
            (1, ["seq2seq", "train", "--data", "cmn-eng"], ["the corpus 'cmn-eng' is not to be had", "the mirror: none is set"]));
        Assert.Contains(
            (await _sandbox.RunAsync("seq2seq", "train", "--preset", "list")).Succeeded().OutputLines,
            line => line.StartsWith("d2l-seq2seq-v1 ", StringComparison.Ordinal));
    }

    private static readonly (string Pairs, string Complaint)[] Impossible =
    [
        ("a\tb\nno tab here\n", "pairs.tsv, line 2: has 1 column, expected 2"),
        ("a\tb\n\tc\n", "pairs.tsv, line 2: has an empty source"),
        ("a\tb\nc\t\n", "pairs.tsv, line 2: has an empty target"),
        ("aaaaaaaaa\tb\n", "pairs.tsv, line 1: the source has 9 characters, more than --max-source 8"),
        ("", "pairs.tsv"),
    ];

    [Fact]
    public async Task Seq2Seq_TrainOnPairsThatCannotBe_IsOneLineAndWritesNothing()
    {
        string[] files = [.. Impossible.Select((wrong, i) => _sandbox.Write($"{i}-pairs.tsv", wrong.Pairs))];
        await _sandbox.RunEachAsync(files.Zip(Impossible), pair => ["seq2seq", "train", "--data", pair.First, "--max-source", "8"],
            (pair, outcome) => outcome.Refused(1, pair.First, pair.Second.Complaint));
        Assert.Equal(files, _sandbox.Files());
    }

    [Fact]
    public async Task Classify_LabelUnseenInTraining_IsOneLineWithItsPlace()
    {
        string other = _sandbox.Write("other.tsv", "ab\terst\nba\tdritt\n");
        (await _sandbox.RunAsync("classify", "train", "--data", Labels, "--validation", other))
            .Refused(1, "other.tsv, line 2: the label 'dritt' was not in training; known are erst, zweit");
        Assert.Equal(["labels.tsv", "other.tsv"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_OptionsThatCannotBe_AreOneLine()
    {
        await _sandbox.RefuseEachAsync(
            (2, ["seq2seq", "train"], ["--data"]),
            (2,
                ["seq2seq", "train", "--data", Turned, "--source", "label", "--attention", "dot", "--teacher-forcing", "2", "--epochs", "0"],
                ["a label has nothing to attend to", "teacher-forcing must be 0 to 1, not 2", "epochs must be 1 to 1000000, not 0"]),
            (2, ["classify", "train", "--data", Labels, "--pooling", "mean", "--label-of", "character"],
                ["pooling is for labels of whole texts"]),
            (2, ["seq2seq", "predict"], ["give a text, --text or --input: exactly one of them"]),
            (1, ["seq2seq", "eval", "--data", "missing.tsv"], ["missing.tsv"]),
            (1, ["seq2seq", "eval", "--data", "turned.tsv", "--checkpoint", "turned.tsv"], ["turned.tsv"]));
    }
}
