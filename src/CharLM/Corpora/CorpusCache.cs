namespace CharLM.Corpora;

/// <summary>The directory of verified corpora, shared by every process that names it.</summary>
internal sealed class CorpusCache(string directory, TimeProvider clock)
{
    public const string PartialSuffix = ".partial";
    public const string LockSuffix = ".lock";

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    private readonly string _directory = Path.GetFullPath(directory);

    public string PathOf(CorpusEntry entry) => Path.Combine(_directory, entry.FileName);

    public PartialFile PartialOf(CorpusEntry entry) => new(PathOf(entry) + PartialSuffix, entry);

    // One process at a time writes a corpus. The lock is on an open file, so it ends with its owner however that ends;
    // the empty file stays, since removing it would let two processes hold locks on two files of the same name.
    public async Task<IDisposable> LockAsync(CorpusEntry entry, Action waiting, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(PathOf(entry) + LockSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeldByAnother(e))
            {
                if (!told)
                    waiting();
            }
            await Task.Delay(LockPoll, clock, cancellationToken);
        }
    }

    public CorpusCacheException Fault(Exception cause) => new(_directory, cause);

    // .NET has no exception type of its own for this: ERROR_SHARING_VIOLATION on Windows, EWOULDBLOCK on Linux and macOS.
    private static bool IsHeldByAnother(IOException e) => e.HResult is unchecked((int)0x80070020) or 11 or 35;
}
