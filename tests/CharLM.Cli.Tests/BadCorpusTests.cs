using System.Text;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Unusable texts: one line names the text and the problem, and nothing is written.</summary>
public sealed class BadCorpusTests : IDisposable
{
    private readonly Sandbox _sandbox = new();
    private readonly string[] _before;

    public BadCorpusTests()
    {
        _sandbox.Write("empty.txt", "");
        _sandbox.Write("digits.txt", "1234567890");
        _sandbox.Write("short.txt", "too short a text");
        File.WriteAllBytes(_sandbox.At("latin1.txt"), [.. "caf"u8, 0xE9, .. " au lait"u8]);
        File.WriteAllBytes(_sandbox.At("utf16.txt"), Encoding.Unicode.GetBytes("text"));
        File.WriteAllBytes(_sandbox.At("cut.txt"), "whale \U0001F433"u8[..^1].ToArray());
        Directory.CreateDirectory(_sandbox.At("folder"));
        _before = _sandbox.Files();
    }

    private static readonly (string Corpus, int ExitCode, string[] Parts)[] Bad =
    [
        ("tiem-machine", 2, ["'tiem-machine'", "did you mean 'time-machine'?"]),
        ("nothing", 2, ["no corpus is named 'nothing'", "bundled"]),
        ("missing.txt", 1, ["there is no file", "missing.txt"]),
        ("no/such/folder.txt", 1, ["there is no file", "no/such/folder.txt"]),
        ("folder", 1, ["folder' holds no file"]),
        ("empty.txt", 1, ["empty.txt' is empty"]),
        ("latin1.txt", 1, ["latin1.txt' is not UTF-8", "0xE9 at offset 3, line 1", "--encoding"]),
        ("utf16.txt", 1, ["looks like UTF-16", "--encoding utf-16"]),
        ("cut.txt", 1, ["offset 6"]),
        ("empty.txt/inside", 1, ["empty.txt/inside"]),
        ("/proc/self/mem", 1, ["cannot read '/proc/self/mem'"]),
    ];

    public void Dispose()
    {
        Assert.Equal(_before, _sandbox.Files());
        _sandbox.Dispose();
    }

    [Fact]
    public Task Train_BadCorpus_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(Bad, bad => ["train", "--corpus", bad.Corpus], (bad, outcome) => outcome.Refused(bad.ExitCode, bad.Parts));

    [Fact]
    public Task CorpusShow_BadCorpus_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(
            Bad, bad => ["corpus", "show", bad.Corpus, "--json"], (bad, outcome) => outcome.Refused(bad.ExitCode, bad.Parts));

    private static readonly (string Command, string[] Parts)[] Unfit =
    [
        ("train --corpus short.txt --batch-size 8 --num-steps 10", ["16 tokens", "needs 81", "--batch-size"]),
        ("train --corpus digits.txt", ["nothing of the text is left after the cleaning 'd2l'", "--cleaning none"]),
        ("train --corpus bundled --min-freq 1000000", ["no token in the vocab", "--min-freq"]),
        ("corpus get mobydick", ["did you mean 'moby-dick'?"]),
    ];

    [Fact]
    public Task AnyVerb_TextThatDoesNotSuffice_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(Unfit, unfit => unfit.Command.Split(' '), (unfit, outcome) => outcome.Refused(2, unfit.Parts));

    [Fact]
    public async Task Train_EmptyStandardInput_IsRefused() =>
        (await _sandbox.RunAsync("train", "--corpus", "-")).Refused(1, "'standard input' is empty");

    [Fact]
    public async Task Train_StandardInputOfOtherBytes_IsRefused() =>
        (await _sandbox.RunWithInputAsync([0x61, 0xFF], "train", "--corpus", "-")).Refused(1, "standard input", "0xFF at offset 1");
}
