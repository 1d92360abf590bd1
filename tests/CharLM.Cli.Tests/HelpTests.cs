using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed partial class HelpTests(ITestOutputHelper output) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private static readonly string[] Verbs =
        ["train", "generate", "eval", "score", "ngram", "inspect", "report", "serve", "corpus", "corpus list", "corpus get", "corpus show",
            "corpus cache", "completion", "gradients", "bench", "import", "export", "experiment", "experiment run", "experiment plan",
            "experiment report", "classify", "classify train", "classify predict", "classify eval", "seq2seq", "seq2seq train",
            "seq2seq predict", "seq2seq eval", "help"];

    [Fact]
    public async Task Help_OfTheProgram_ListsVerbsAndExitCodes()
    {
        var time = Stopwatch.StartNew();
        Outcome help = (await _sandbox.RunAsync("--help")).Succeeded();
        output.WriteLine($"charlm --help took {time.ElapsedMilliseconds} ms");

        Assert.Empty(help.Error);
        Assert.All(Verbs, verb => Assert.Contains(verb.Split(' ')[0], help.Output, StringComparison.Ordinal));
        Assert.Contains("0 done, 1 failed, 2 usage, 75 saved and resumable", help.Output, StringComparison.Ordinal);
        Assert.Contains("130 interrupted", help.Output, StringComparison.Ordinal);
        Assert.Contains("CHARLM_CACHE", help.Output, StringComparison.Ordinal);
        Assert.Contains("CHARLM_CORPUS_MIRROR", help.Output, StringComparison.Ordinal);
    }

    // An option takes the same value in all verbs, except for a translator's attention, the cells that bench compares, the tokens of pairs,
    // tables, vocab files, and the options of import.
    private static readonly string[] OfOneVerb = ["--attention", "--cell", "--token", "--source", "--csv", "--vocab", "--allow-leak"];

    [Fact]
    public async Task Help_OfAVerb_DescribesEveryOptionWithItsDefault()
    {
        var values = new Dictionary<string, string>();
        await _sandbox.RunEachAsync(Verbs, verb => [.. verb.Split(' '), "--help-all"], (verb, help) =>
        {
            Assert.Empty(help.Succeeded().Error);
            Assert.Contains($"charlm {verb}", help.Output, StringComparison.Ordinal);
            Assert.All(help.OutputLines.Where(line => line.StartsWith("  --", StringComparison.Ordinal)), line =>
                Assert.Matches(@"^  --[a-z0-9-]+( <[^>]+> {2,}\S.*\. \[(default: .+|required)\]| {2,}\S.*\.)$", line));
            Assert.All(help.OutputLines.Where(line => line.StartsWith("  <", StringComparison.Ordinal)), line =>
                Assert.Matches(@"^  <[^>]+>(\.\.\.)? {2,}\S.*\.( \[(default: .+|required)\])?$", line));
            Assert.DoesNotMatch("(?i)told|state carried|goes on with|so many|gone on from", help.Output);
            foreach (Match option in OptionLine().Matches(help.Output))
            {
                string name = option.Groups[1].Value, value = option.Groups[2].Value;
                if (OfOneVerb.Contains(name))
                    continue;
                Assert.Equal((name, values.GetValueOrDefault(name, value)), (name, value));
                values[name] = value;
            }
        });
        Assert.True(values.Count > 25, $"only {values.Count} options were found");
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Help_ShortForm_IsPartOfTheLongOne()
    {
        Outcome[] help = await _sandbox.RunEachAsync([.. Verbs.SelectMany(verb => new[] { "--help", "--help-all" }, (verb, option) =>
            (string[])[.. verb.Split(' '), option])]);
        Assert.All(help.Chunk(2), pair =>
        {
            Assert.All(Options(pair[0].Output), option => Assert.Contains(option, Options(pair[1].Output)));
            Assert.InRange(pair[0].Output.Split('\n').Length, 3, 45);
        });

        static string[] Options(string text) => [.. OptionLine().Matches(text).Select(match => match.Groups[1].Value)];
    }

    [Fact]
    public async Task Help_OfAVerbWithManyOptions_ShowsCommonOnesExamplesAndWhereTheRestIs()
    {
        Outcome[] help = await _sandbox.RunEachAsync([["train", "--help"], ["train", "--help-all"], ["help", "train"], ["help"], ["--help"]]);
        Assert.Contains("\nCommon options:\n", help[0].Output, StringComparison.Ordinal);
        Assert.Contains("\nExamples:\n  charlm train ", help[0].Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--gru-form", help[0].Output, StringComparison.Ordinal);
        Assert.Matches(@"\n--help-all shows all \d\d options: text, model, training, output, machine, rarely needed\.\n$", help[0].Output);
        Assert.Matches(
            @"(?s)\nText:\n.*\nModel:\n.*\nTraining:\n.*\nOutput:\n.*\nMachine:\n.*\nRarely needed:\n.*--gru-form", help[1].Output);
        Assert.Equal(help[0], help[2]);
        Assert.Equal(help[4], help[3]);
        (await _sandbox.RunAsync("help", "trian")).Refused(2, "charlm has no command 'trian'; did you mean 'train'?");
    }

    [Fact]
    public async Task Help_OnATerminal_IsWrapped()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script, which makes a terminal, is not installed");
        Outcome help = (await _sandbox.BashAsync("script -qec 'stty cols 80; charlm train --help' /dev/null | tr -d '\\r'")).Succeeded();
        // .NET's key mode sequence has no width.
        string[] lines = help.Output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal).TrimEnd().Split('\n');
        output.WriteLine($"{lines.Length} lines of 80 columns");
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.InRange(lines.Length, 20, 50);
    }

    [Fact]
    public async Task PresetList_Always_DescribesEveryPresetInALine()
    {
        Outcome[] lists = await _sandbox.RunEachAsync([["train", "--preset", "list"], ["gradients", "--preset", "list"]]);
        Assert.All(lists[0].Succeeded().OutputLines, line => Assert.Matches(@"^[a-z0-9-]+ {2,}\S.*\.$", line));
        Assert.Contains(lists[0].OutputLines, line => line.StartsWith("d2l-gru-scratch ", StringComparison.Ordinal));
        Assert.Equal(lists[0], lists[1]);
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Help_ByItsShortName_IsTheSame()
    {
        Outcome[] help = await _sandbox.RunEachAsync([.. Verbs.SelectMany(verb => new[] { "--help", "-h" }, (verb, option) =>
            (string[])[.. verb.Split(' '), option])]);
        Assert.All(help.Chunk(2), pair => Assert.Equal(pair[0], pair[1]));
    }

    [Fact]
    public async Task Help_WithDamagedTorch_AnswersAllTheSame()
    {
        TorchIs("libtorch_cpu.so", "garbage");
        Assert.Contains("Exit codes:", (await _sandbox.RunAsync("--help")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("--epochs", (await _sandbox.RunAsync("train", "--help")).Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("trian")).Refused(2, "train");
        (await _sandbox.RunAsync("corpus", "list")).Succeeded();
    }

    public static TheoryData<string, string, string> DamagedLibraries => new()
    {
        { "libtorch_cpu.so", "garbage", "libtorch_cpu.so" },
        { "libtorch_cpu.so", "cut off", "libtorch_cpu.so is cut off" },
        { "libtorch_cpu.so", "missing", "libtorch-cpu-linux-x64" },
        { "libLibTorchSharp.so", "garbage", "libLibTorchSharp.so" },
        { "libLibTorchSharp.so", "cut off", "libLibTorchSharp.so is cut off" },
        { "libLibTorchSharp.so", "missing", "libtorch-cpu-linux-x64" },
    };

    // What the kernels compute does not load torch, which takes longer than the rest of a short call.
    [Fact]
    public async Task VerbThatReads_WithoutTorch_Works()
    {
        string model = Path.Combine(Sandbox.ProgramFolder, "checkpoints", "time-machine-gru.safetensors");
        string text = _sandbox.Write("t.txt", Texts.Plain);
        string[][] calls =
        [
            ["generate", "the time", "--checkpoint", model], ["generate", "the time", "--checkpoint", model, "--weights", "8bit"],
            ["score", text, "--checkpoint", model], ["eval", model, "--corpus", text, "--json"],
        ];
        Outcome[] with = await _sandbox.RunEachAsync(calls);
        TorchIs("libtorch_cpu.so", "missing");
        Outcome[] without = await _sandbox.RunEachAsync(calls);
        Assert.All(without, outcome => outcome.Succeeded());
        Assert.Equal(with[..3], without[..3]);
        Assert.Equal(with[3].Json().GetProperty("nats").ToString(), without[3].Json().GetProperty("nats").ToString());
    }

    [Theory, MemberData(nameof(DamagedLibraries))]
    public async Task AnyVerb_WithDamagedTorch_SaysSoInOneLineAndWritesNothing(string library, string damage, string named)
    {
        string folder = TorchIs(library, damage);
        string[] before = Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories);
        string text = _sandbox.Write("t.txt", Texts.Plain);
        (await _sandbox.RunAsync("train", "--corpus", text)).Refused(1, "torch cannot be loaded", named);
        if (damage == "garbage")
        {
            (await _sandbox.RunAsync("generate", "--prefix", "a", "--device", "cuda")).Refused(1, "torch cannot be loaded", named);
            (await _sandbox.RunAsync("eval", "--corpus", text, "--dynamic")).Refused(1, "torch cannot be loaded", named);
            (await _sandbox.RunAsync("gradients", "--corpus", text)).Refused(1, "torch cannot be loaded", named);
        }
        Outcome version = (await _sandbox.RunAsync("--version")).Complained(1, "torch cannot be loaded");
        Assert.Matches(@"^charlm \S+, TorchSharp \S+, not loadable\n$", version.Output);
        Assert.Equal(before, Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Version_Always_NamesTorchSharpLibtorchThreadsAndDevice()
    {
        Outcome version = (await _sandbox.RunAsync("--version")).Succeeded();
        Assert.Empty(version.Error);
        Assert.Matches(@"^charlm \d+\.\d+\.\d+\S*, TorchSharp 0\.107\.\d+, libtorch 2\.10\.\d+, \d+ BLAS threads?, device (cpu|cuda)$",
            Assert.Single(version.OutputLines));
    }

    [Fact]
    public void Program_Built_HasEverythingBesideIt()
    {
        Assert.True(File.Exists(_sandbox.Program));
        Assert.All(["corpora/catalog.json", "corpora/bundled.txt"], file =>
            Assert.True(File.Exists(Path.Combine(Sandbox.ProgramFolder, file)), file));
    }

    // The program with one of torch's libraries damaged, or removed from the files that .NET requires at start-up.
    private string TorchIs(string library, string damage)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_sandbox.Folder, "..", "program")).FullName;
        foreach (string file in Directory.EnumerateFiles(Sandbox.ProgramFolder, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(folder, Path.GetRelativePath(Sandbox.ProgramFolder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetFileName(file) == library)
            {
                if (damage == "garbage")
                    File.WriteAllText(copy, "no library");
                else if (damage == "cut off")
                    CopyBeginning(file, copy);
            }
            else if (Path.GetFileName(file).Contains(".so", StringComparison.Ordinal))
            {
                File.CreateSymbolicLink(copy, file);
            }
            else
            {
                File.Copy(file, copy);
            }
        }
        if (!Directory.EnumerateFiles(folder, library, SearchOption.AllDirectories).Any())
        {
            string path = Path.Combine(folder, "charlm.deps.json");
            JsonNode dependencies = JsonNode.Parse(File.ReadAllText(path))!;
            foreach (JsonNode? package in dependencies["targets"]!.AsObject().SelectMany(target => target.Value!.AsObject())
                .Select(package => package.Value))
                (package!["runtimeTargets"] as JsonObject)?.Remove($"runtimes/linux-x64/native/{library}");
            File.WriteAllText(path, dependencies.ToJsonString());
        }
        _sandbox.Program = Path.Combine(folder, "charlm");
        return folder;
    }

    private static void CopyBeginning(string file, string copy)
    {
        var beginning = new byte[100_000];
        using FileStream stream = File.OpenRead(file);
        stream.ReadExactly(beginning);
        File.WriteAllBytes(copy, beginning);
    }

    [GeneratedRegex(@"^  (--[a-z0-9-]+)( <[^>]+>)? ", RegexOptions.Multiline)]
    private static partial Regex OptionLine();
}
