using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Places that accept no file, or are full.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public OutputTests() => _sandbox.Write("text.txt", Texts.Plain);

    public void Dispose() => _sandbox.Dispose();

    private static string[] Options => ["--corpus", "text.txt", "--max-tokens", "200", .. Texts.SmallModel];

    private static string[] Train => ["train", .. Options, "--epochs", "1"];

    private static readonly (string Path, string Complaint)[] Impossible =
    [
        ("/proc/x/y", "cannot create a file in the folder /proc"),
        ("/sys/kernel/y", "cannot create a file in the folder /sys/kernel"),
        ("text.txt/y", "is a file, not a folder"),
        (".", "it is a folder"),
        ("/dev/null", "it is a device"),
    ];

    [Fact]
    public async Task Train_OutThatCannotBe_IsRefusedBeforeTraining()
    {
        await _sandbox.RunEachAsync(Impossible, place => [.. Train, "--out", place.Path],
            (place, outcome) => outcome.Refused(1, place.Path, "cannot be written", place.Complaint));
        Assert.Equal(["text.txt"], _sandbox.Files());
        Assert.True(new FileInfo("/dev/null").Length == 0 && File.Exists("/dev/zero"));
    }

    [Fact]
    public async Task Train_OutInAMissingFolder_MakesIt()
    {
        (await _sandbox.RunAsync([.. Train, "--out", "a/b/c.safetensors"])).Succeeded();
        Assert.Equal(["a", "a/b", "a/b/c.safetensors", "checkpoints", "checkpoints/.last", "text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_OutIsALink_WritesWhereItLeads()
    {
        Directory.CreateDirectory(_sandbox.At("large disk"));
        File.CreateSymbolicLink(_sandbox.At("link"), "large disk/model");
        (await _sandbox.RunAsync([.. Train, "--out", "link"])).Succeeded();
        Assert.Equal("large disk/model", new FileInfo(_sandbox.At("link")).LinkTarget);
        Assert.Equal(["checkpoints", "checkpoints/.last", "large disk", "large disk/model", "link", "text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_LogThatCannotBe_FailsBeforeTraining()
    {
        await _sandbox.RunEachAsync(["/proc/x/log", "text.txt/log", "."], path => [.. Train, "--log-json", path],
            (path, outcome) => outcome.Refused(1, $"--log-json {path}: cannot be written"));
        Assert.Equal(["text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_LogOnAFullDisk_WarnsAndTrainsOn()
    {
        Outcome outcome = (await _sandbox.RunAsync([.. Train, "--log-json", "/dev/full"])).Succeeded();
        Assert.Contains("the log ends here: No space left on device", Assert.Single(outcome.Complaints), StringComparison.Ordinal);
        Assert.True(File.Exists(_sandbox.At("checkpoints/last.safetensors")));
    }

    [Fact]
    public async Task Train_DiskThatFillsUp_FailsAndKeepsTheOldCheckpoint()
    {
        Outcome outcome = await _sandbox.InAMountAsync("size=256k", """
            charlm train "$@" --epochs 1 --out disk/model >said 2>&1 || { cat said; exit 99; }
            sum=$(cksum < disk/model)
            dd if=/dev/zero of=disk/filler bs=1k 2>dd-says
            charlm train "$@" --epochs 2 --out disk/model --checkpoint disk/model
            code=$?
            [ "$sum" = "$(cksum < disk/model)" ] || echo "the old checkpoint is gone"
            [ "$(ls -A disk | tr '\n' ' ')" = "filler model " ] || { echo "left behind:"; ls -A disk; }
            exit $code
            """, Options);
        Assert.Empty(outcome.Output);
        outcome.Complained(1, "disk/model: cannot be written: ", "No space left on device", "the existing file is untouched");
    }

    [Fact]
    public async Task Train_ReadOnlyFileSystem_IsRefusedBeforeTraining()
    {
        (await _sandbox.InAMountAsync("ro", "exec charlm \"$@\" --out disk/model", Train))
            .Refused(1, "disk/model: cannot be written: ", "the folder", "Read-only file system");
    }

    [Fact]
    public async Task CorpusGet_OutOnAFullDisk_LeavesNoPart()
    {
        Outcome outcome = await _sandbox.InAMountAsync(
            "size=64k", "charlm corpus get bundled --out disk/b.txt; code=$?; ls -A disk; exit $code");
        outcome.Refused(1, "disk/b.txt: cannot be written", "No space left on device");
    }

    [Fact]
    public async Task CorpusGet_CacheOnAFullDisk_SaysSo()
    {
        Directory.CreateDirectory(_sandbox.At("mirror"));
        await File.WriteAllBytesAsync(_sandbox.At("mirror/moby-dick.txt"), new byte[1_204_997]);
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = _sandbox.At("mirror");
        _sandbox.Environment["CHARLM_CACHE"] = _sandbox.At("disk");
        (await _sandbox.InAMountAsync("size=64k", "exec charlm corpus get moby-dick"))
            .Refused(1, "cannot write to the corpus cache", "No space left on device", "choose another cache directory");
    }
}
