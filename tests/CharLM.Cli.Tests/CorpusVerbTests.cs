using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class CorpusVerbTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task List_Always_NamesEveryCorpusAndItsState()
    {
        Outcome list = (await _sandbox.RunAsync("corpus", "list")).Succeeded();
        Assert.Equal(
            ["time-machine", "tiny-shakespeare", "moby-dick", "bundled", "cmn-eng", "tang"],
            list.OutputLines.Select(line => line.Split(' ')[0]));
        Assert.Contains(" here ", list.OutputLines[3], StringComparison.Ordinal);
        Assert.Contains(" to fetch ", list.OutputLines[0], StringComparison.Ordinal);
        Assert.Empty(list.Error);

        JsonElement json = (await _sandbox.RunAsync("corpus", "list", "--json")).Succeeded().Json();
        Assert.Equal(6, json.GetProperty("corpora").GetArrayLength());
        Assert.Equal("verified", json.GetProperty("corpora")[3].GetProperty("state").GetString());
        Assert.False(Directory.Exists(_sandbox.Cache));
    }

    // Just above what memory holds: the text is kept as ids, and the second verb makes nothing anew.
    [Fact]
    public async Task Cache_LargeText_IsListedAndCleared()
    {
        Assert.Equal(["0 texts, 0 B"], (await _sandbox.RunAsync("corpus", "cache")).Succeeded().OutputLines);
        (string text, int characters) = WriteLargeText();

        JsonElement shown = (await _sandbox.RunAsync("corpus", "show", text, "--cleaning", "none", "--json")).Succeeded().Json();
        Assert.Equal((characters, 13), (shown.GetProperty("tokens").GetInt32(), shown.GetProperty("vocab_size").GetInt32()));
        Assert.Equal(["0 texts, 0 B"], (await _sandbox.RunAsync("corpus", "cache")).Succeeded().OutputLines);

        string[] count = ["ngram", text, "--cleaning", "none", "--order", "2", "--max-tokens", "5000", "--out", _sandbox.At("model")];
        Outcome first = (await _sandbox.RunAsync(count)).Succeeded(), second = (await _sandbox.RunAsync(count)).Succeeded();
        Assert.Equal(Perplexity(first), Perplexity(second));
        JsonElement cache = (await _sandbox.RunAsync("corpus", "cache", "--json")).Succeeded().Json();
        JsonElement entry = Assert.Single(cache.GetProperty("texts").EnumerateArray());
        Assert.Equal(("large.txt", "none, char, none", characters), (entry.GetProperty("text").GetString(),
            entry.GetProperty("how").GetString(), entry.GetProperty("tokens").GetInt32()));
        string path = entry.GetProperty("path").GetString()!;
        Assert.Equal(entry.GetProperty("bytes").GetInt64(), new FileInfo(path).Length);

        Outcome cleared = (await _sandbox.RunAsync("corpus", "cache", "--clear")).Succeeded();
        Assert.EndsWith(path, cleared.OutputLines[0], StringComparison.Ordinal);
        Assert.EndsWith(": removed", cleared.OutputLines[1], StringComparison.Ordinal);
        Assert.False(File.Exists(path));

        static string Perplexity(Outcome outcome) =>
            outcome.OutputLines.Single(line => line.StartsWith("perplexity", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(RunningProgram.SigKill, 128 + RunningProgram.SigKill)]
    [InlineData(RunningProgram.SigInt, 130)]
    public async Task Cache_StoppedWhileIdsAreWritten_IsWrittenAnew(int signal, int exitCode)
    {
        (string text, int characters) = WriteLargeText();
        string folder = Path.Combine(_sandbox.Cache, "ids");
        string[] count = ["ngram", text, "--cleaning", "none", "--order", "2", "--max-tokens", "5000", "--out", _sandbox.At("model")];
        using (RunningProgram program = _sandbox.Start(count))
        {
            program.StopWhile(
                () => Directory.Exists(folder) && new DirectoryInfo(folder).EnumerateFiles("*.tmp").Any(file => file.Length > 0),
                TimeSpan.Zero, "the file of ids is being written");
            program.Signal(signal);
            program.Signal(RunningProgram.SigCont);
            Assert.Equal(exitCode, (await program.EndAsync()).ExitCode);
        }
        Assert.Empty(Directory.EnumerateFiles(folder, "*.ids"));

        (await _sandbox.RunAsync(count)).Succeeded();
        Assert.Empty(Directory.EnumerateFiles(folder, "*.tmp"));
        JsonElement cache = (await _sandbox.RunAsync("corpus", "cache", "--json")).Succeeded().Json();
        Assert.Equal(characters, Assert.Single(cache.GetProperty("texts").EnumerateArray()).GetProperty("tokens").GetInt32());
    }

    private (string Path, int Characters) WriteLargeText()
    {
        string text = _sandbox.At("large.txt");
        var lines = new byte[(64 << 20) + 22];
        "the cat sat on a mat.\n"u8.CopyTo(lines);
        for (int length = 22; length < lines.Length; length *= 2)
            lines.AsSpan(0, Math.Min(length, lines.Length - length)).CopyTo(lines.AsSpan(length));
        File.WriteAllBytes(text, lines);
        return (text, lines.Length);
    }

    [Fact]
    public async Task Get_Bundled_PrintsItsPath()
    {
        string path = Assert.Single((await _sandbox.RunAsync("corpus", "get", "bundled")).Succeeded().OutputLines);
        Assert.True(File.Exists(path), path);
        JsonElement json = (await _sandbox.RunAsync("corpus", "get", "bundled", "--json")).Succeeded().Json();
        Assert.Equal(path, json.GetProperty("path").GetString());
        Assert.Equal("bundled", json.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Get_Out_CopiesTheFileIntoANewFolder()
    {
        string source = (await _sandbox.RunAsync("corpus", "get", "bundled")).OutputLines[0];
        Outcome get = (await _sandbox.RunAsync("corpus", "get", "bundled", "--out", "texts/b.txt")).Succeeded();
        Assert.Equal(_sandbox.At("texts/b.txt"), get.OutputLines[0]);
        Assert.Equal(await File.ReadAllBytesAsync(source), await File.ReadAllBytesAsync(_sandbox.At("texts/b.txt")));
        Assert.Equal(["texts", "texts/b.txt"], _sandbox.Files());
        (await _sandbox.RunAsync("corpus", "get", "bundled", "--out", "texts")).Refused(1, "texts", "it is a folder");
    }

    [Fact]
    public async Task Show_Json_HasTheNumbersOfTheText()
    {
        JsonElement json = (await _sandbox.RunAsync(
            "corpus", "show", _sandbox.Write("text.txt", Texts.Unicode), "--cleaning", "none", "--json")).Succeeded().Json();
        Assert.Equal("text.txt", json.GetProperty("name").GetString());
        Assert.Equal(3000, json.GetProperty("characters").GetInt64());
        Assert.Equal(3000, json.GetProperty("tokens").GetInt64());
        Assert.Equal(Texts.Unicode.EnumerateRunes().Distinct().Count() + 1, json.GetProperty("vocab_size").GetInt32());
        Assert.Equal("Grüße an 🐳 und Straße, λόγος.", json.GetProperty("first_lines")[0].GetString());
        Assert.Equal(" ", json.GetProperty("frequent")[0].GetProperty("token").GetString());
    }

    [Fact]
    public async Task Show_TextThatSteersTerminals_IsShownWrittenOut()
    {
        Outcome show = (await _sandbox.RunAsync(
            "corpus", "show", _sandbox.Write("text.txt", "a\u001b[2Jb\tc" + new string('x', 5000)), "--cleaning", "none")).Succeeded();
        Assert.DoesNotContain('\u001b', show.Output);
        Assert.Contains(@"a\u001b[2Jb\tcxxx", show.Output, StringComparison.Ordinal);
        Assert.All(show.OutputLines, line => Assert.True(line.Length < 300, $"{line.Length} characters"));
    }

    [Fact]
    public async Task Show_TheTimeMachine_HasTheNumbersOfTheBook()
    {
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = Repository.SharedFolderOrSkip("corpora");
        JsonElement json = (await _sandbox.RunAsync("corpus", "show", "time-machine", "--json")).Succeeded().Json();
        Assert.Equal(170_580, json.GetProperty("tokens").GetInt64());
        Assert.Equal(28, json.GetProperty("vocab_size").GetInt32());
        Assert.True(File.Exists(Path.Combine(_sandbox.Cache, "timemachine.txt")));

        // Now it is cached, and auto uses it silently.
        _sandbox.Environment.Remove("CHARLM_CORPUS_MIRROR");
        Outcome auto = (await _sandbox.RunAsync("corpus", "show")).Succeeded();
        Assert.StartsWith("time-machine ", auto.Output, StringComparison.Ordinal);
        Assert.Empty(auto.Error);
    }

    [Fact]
    public async Task Show_NGramsOfTheTimeMachine_PrintsTheBooksFiguresAndTheSameAsJson()
    {
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = Repository.SharedFolderOrSkip("corpora");
        Outcome table = (await _sandbox.RunAsync("corpus", "show", "time-machine", "--ngrams", "3")).Succeeded();
        Assert.Contains(table.OutputLines, line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(cell => cell.Trim())
            .SequenceEqual(["1", "the", "2,261", "of the", "309", "the time traveller", "59"]));
        Assert.Contains("script ", table.Output, StringComparison.Ordinal);

        Outcome written = (await _sandbox.RunAsync("corpus", "show", "time-machine", "--json", "--html")).Succeeded();
        JsonElement json = written.Json(), statistics = json.GetProperty("statistics");
        Assert.Equal(("corpus.html", 3), (json.GetProperty("page").GetString(), statistics.GetProperty("ngrams").GetInt32()));
        JsonElement words = statistics.GetProperty("units").EnumerateArray()
            .Single(unit => unit.GetProperty("token").GetString() == "word");
        Assert.Equal([2261L, 309, 59], words.GetProperty("orders").EnumerateArray()
            .Select(one => one.GetProperty("frequent")[0].GetProperty("count").GetInt64()));
        Assert.Equal(4580, words.GetProperty("vocab")[0].GetProperty("size").GetInt32());
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(_sandbox.At("corpus.html")), StringComparison.Ordinal);
    }

    // The name after --html may be the text that was meant: it is never replaced.
    [Fact]
    public async Task Show_PageOverAText_IsRefusedAndTheTextStays()
    {
        string text = _sandbox.Write("text.txt", Texts.Plain);
        (await _sandbox.RunAsync("corpus", "show", "--html", text)).Refused(2, "exists and is no page");
        (await _sandbox.RunAsync("gradients", "--html", text)).Refused(2, "exists and is no page");
        Assert.Equal(Texts.Plain, await File.ReadAllTextAsync(_sandbox.At(text)));
        (await _sandbox.RunAsync("corpus", "show", text, "--ngrams", "6")).Refused(2, "ngrams must be 0 (none) to 5, not 6");
        (await _sandbox.RunAsync("corpus", "show", text, "--ngrams", "0", "--html")).Refused(2, "ngrams must be 1 to 5, not 0");
        Assert.Equal(["text.txt"], _sandbox.Files());
        // An older page is replaced.
        for (int i = 0; i < 2; i++)
            Assert.Equal("page: p.html; open it in a browser",
                (await _sandbox.RunAsync("corpus", "show", text, "--html", "p.html")).Succeeded().OutputLines[^1]);
    }
}
