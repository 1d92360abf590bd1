namespace CharLM.Tests;

/// <summary>Files that another program has open: Windows' error codes, and how they are handled on every system.</summary>
public sealed class SharedFileTests : IDisposable
{
    private const int SharingViolation = unchecked((int)0x80070020);

    private readonly TemporaryFolder _folder = new();
    private readonly List<TimeSpan> _pauses = [];

    public void Dispose() => _folder.Dispose();

    private int Persist(int refusals, Func<Exception> refuse) => SharedFile.Persist(
        () => refusals-- > 0 ? throw refuse() : 42, SharedFile.IsHeld, _pauses.Add);

    [Theory]
    [InlineData(SharingViolation)]
    [InlineData(unchecked((int)0x80070021))]
    [InlineData(unchecked((int)0x800704C8))]
    public void Persist_AFileThatSomebodyHolds_TriesAgainUntilItIsFree(int code)
    {
        Assert.Equal(42, Persist(12, () => new IOException("held", code)));
        Assert.Equal(12, _pauses.Count);
        Assert.All(_pauses, pause => Assert.InRange(pause.TotalMilliseconds, 10, 200));
    }

    [Fact]
    public void Persist_AFileThatSomebodyKeeps_GivesUpAfterSomeSeconds()
    {
        IOException refusal = Assert.Throws<IOException>(() => Persist(int.MaxValue, () => new IOException("held", SharingViolation)));
        Assert.Equal("held", refusal.Message);
        Assert.InRange(_pauses.Sum(pause => pause.TotalSeconds), 5, 5.2);
    }

    // A full disk, a missing file, missing permissions: these are not temporary.
    [Fact]
    public void Persist_AnotherFailure_IsTheCallersAtOnce()
    {
        Assert.Throws<IOException>(() => Persist(1, () => new IOException("full", unchecked((int)0x80070070))));
        Assert.Throws<FileNotFoundException>(() => Persist(1, () => new FileNotFoundException()));
        Assert.Throws<UnauthorizedAccessException>(() => Persist(1, () => new UnauthorizedAccessException()));
        Assert.Empty(_pauses);
    }

    [Fact]
    public void OpenRead_KeepsNobodyFromWritingReplacingAndRemoving()
    {
        string path = _folder.File("model"), other = _folder.File("other");
        File.WriteAllText(path, "old");
        using (FileStream reader = SharedFile.OpenRead(path))
        {
            using (var writer = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
                writer.Write("er"u8);
            File.Move(path, other);
            Assert.Equal("older", new StreamReader(reader).ReadToEnd());
        }
        SharedFile.Move(other, path);
        Assert.Equal("older", SharedFile.ReadText(path));
        SharedFile.Delete(path);
        SharedFile.Delete(path);
        Assert.Empty(Directory.GetFiles(_folder.File("")));
    }
}
