using System.Diagnostics;
using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed partial class HelpTests(ITestOutputHelper output) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    public static TheoryData<string> Verbs => ["train", "generate", "eval", "score", "ngram", "inspect", "report", "corpus", "corpus list", "corpus get", "corpus show", "completion"];

    [Fact]
    public async Task Help_OfTheProgram_ListsVerbsAndExitCodes()
    {
        var time = Stopwatch.StartNew();
        Outcome help = (await _sandbox.RunAsync("--help")).Succeeded();
        output.WriteLine($"charlm --help took {time.ElapsedMilliseconds} ms");

        Assert.Empty(help.Error);
        Assert.All(Verbs, verb => Assert.Contains(((string)verb).Split(' ')[0], help.Output, StringComparison.Ordinal));
        Assert.Contains("0 done, 1 failed, 2 usage, 75 saved and resumable", help.Output, StringComparison.Ordinal);
        Assert.Contains("130 interrupted", help.Output, StringComparison.Ordinal);
        Assert.Contains("CHARLM_CACHE", help.Output, StringComparison.Ordinal);
        Assert.Contains("CHARLM_CORPUS_MIRROR", help.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task Help_OfAVerb_DescribesEveryOption(string verb)
    {
        Outcome help = (await _sandbox.RunAsync([.. verb.Split(' '), "--help"])).Succeeded();
        Assert.Empty(help.Error);
        Assert.Contains($"charlm {verb}", help.Output, StringComparison.Ordinal);
        Assert.All(help.OutputLines.Where(line => line.StartsWith("  --", StringComparison.Ordinal)), line => Assert.Matches(@"^  --[a-z-]+( <[^>]+>)? {2,}\S.*\.( \[default: .+\])?$", line));
        Assert.Equal(help.Output, (await _sandbox.RunAsync([.. verb.Split(' '), "-h"])).Output);
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Help_OptionOfSeveralVerbs_TakesTheSameEverywhere()
    {
        var values = new Dictionary<string, string>();
        foreach (string verb in Verbs.Select(row => (string)row))
        {
            string help = (await _sandbox.RunAsync([.. verb.Split(' '), "--help"])).Output;
            foreach (Match option in OptionLine().Matches(help))
            {
                string name = option.Groups[1].Value, value = option.Groups[2].Value;
                Assert.Equal((name, values.GetValueOrDefault(name, value)), (name, value));
                values[name] = value;
            }
        }
        Assert.True(values.Count > 25, $"only {values.Count} options were found");
    }

    [Fact]
    public async Task Help_WithoutTorchsLibrary_AnswersAllTheSame()
    {
        UseProgramWithoutTorch();
        Assert.Contains("Exit codes:", (await _sandbox.RunAsync("--help")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("--epochs", (await _sandbox.RunAsync("train", "--help")).Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("trian")).Refused(2, "train");
        (await _sandbox.RunAsync("corpus", "list")).Succeeded();
    }

    [Fact]
    public async Task AnyVerb_WithoutTorchsLibrary_SaysSoInOneLine()
    {
        UseProgramWithoutTorch();
        (await _sandbox.RunAsync("train", "--corpus", _sandbox.Write("t.txt", Texts.Plain))).Refused(1, "torch cannot be loaded", "scripts/setup");
        Outcome version = (await _sandbox.RunAsync("--version")).Complained(1, "torch cannot be loaded");
        Assert.StartsWith("charlm 0", version.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_Always_NamesEngineLibtorchThreadsAndDevice()
    {
        Outcome version = (await _sandbox.RunAsync("--version")).Succeeded();
        Assert.Empty(version.Error);
        Assert.Matches(@"^charlm \d+\.\d+\.\d+\S*, engine (system libtorch|TorchSharp \S+), libtorch \d+\.\d+\S*, \d+ BLAS threads?, device (cpu|cuda)$", Assert.Single(version.OutputLines));
    }

    [Fact]
    public void Program_Built_HasEverythingBesideIt()
    {
        Assert.True(File.Exists(_sandbox.Program));
        Assert.All(["corpora/catalog.json", "corpora/bundled.txt"], file => Assert.True(File.Exists(Path.Combine(Sandbox.ProgramFolder, file)), file));
    }

    // The system engine has one native library; TorchSharp's packages have many, and .NET refuses to start without them.
    private void UseProgramWithoutTorch()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Sandbox.ProgramFolder, "libsystemtorch.so")), "the torch engine is TorchSharp, whose libraries cannot be taken away");
        string folder = Directory.CreateDirectory(Path.Combine(_sandbox.Folder, "..", "program")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "corpora"));
        foreach (string file in Directory.EnumerateFiles(Sandbox.ProgramFolder, "*.*", SearchOption.TopDirectoryOnly).Where(file => Path.GetExtension(file) is "" or ".dll" or ".json").Append(_sandbox.Program))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Sandbox.ProgramFolder, "corpora")))
            File.Copy(file, Path.Combine(folder, "corpora", Path.GetFileName(file)));
        _sandbox.Program = Path.Combine(folder, "charlm");
    }

    [GeneratedRegex(@"^  (--[a-z-]+)( <[^>]+>)? ", RegexOptions.Multiline)]
    private static partial Regex OptionLine();
}
