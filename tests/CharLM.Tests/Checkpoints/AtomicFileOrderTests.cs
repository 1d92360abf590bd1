using CharLM.Checkpoints;

namespace CharLM.Tests.Checkpoints;

/// <summary>The order in which a file replaces another: first complete and on the disk, then under its name.</summary>
public sealed class AtomicFileOrderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("model");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_NewContent_IsOnTheDiskBeforeItTakesThePlace()
    {
        File.WriteAllText(Path, "old");
        var told = new List<string>();
        AtomicFile.Write(
            Path,
            stream =>
            {
                told.Add("written");
                stream.Write("new"u8);
            },
            () => told.Add($"replacing {File.ReadAllText(Path)}"),
            temporary => new Recorder(temporary, () => told.Add($"flushed to the disk beside {File.ReadAllText(Path)}")));
        Assert.Equal(["written", "flushed to the disk beside old", "replacing old"], told);
        Assert.Equal("new", File.ReadAllText(Path));
    }

    // A power failure at this point loses nothing.
    [Fact]
    public void Write_WhenItIsAboutToReplace_TheNewFileIsWhole()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets nobody look at a file that its writer keeps to himself");
        string? whole = null;
        AtomicFile.Write(Path, stream => stream.Write("new"u8), () =>
        {
            Assert.False(File.Exists(Path));
            whole = File.ReadAllText(Assert.Single(Directory.EnumerateFiles(_folder.File(""), ".model.*.tmp")));
        });
        Assert.Equal("new", whole);
    }

    [Fact]
    public void Write_DiskThatCannotBeFlushed_LeavesTheOldFile()
    {
        File.WriteAllText(Path, "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(
            Path, stream => stream.Write("new"u8), null, temporary => new Recorder(temporary,
                () => throw new IOException("the disk is gone"))));
        Assert.Equal("old", File.ReadAllText(Path));
        Assert.Equal([Path], Directory.EnumerateFiles(_folder.File("")));
    }

    private sealed class Recorder(string path, Action flushed) : FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Delete)
    {
        public override void Flush(bool flushToDisk)
        {
            base.Flush(flushToDisk);
            if (flushToDisk)
                flushed();
        }
    }
}
