using System.Security.Cryptography;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>A fresh cache directory and a small corpus; records everything that a store reports.</summary>
internal sealed class CorpusBench : IDisposable, IProgress<DownloadProgress>, IProgress<CorpusNotice>
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("charlm-test-");
    private readonly List<DownloadProgress> _progress = [];
    private readonly List<CorpusNotice> _notices = [];

    public CorpusBench()
    {
        Settings = new CorpusSettings { CacheDirectory = Path.Combine(_root.FullName, "cache"), RetryDelay = TimeSpan.Zero };
        Directory.CreateDirectory(CatalogDirectory);
    }

    /// <summary>The correct bytes: 200,000, so that a download takes several reads.</summary>
    public static byte[] Bytes { get; } = Text(200_000);

    public CorpusSettings Settings { get; set; }

    public Action<DownloadProgress>? OnProgress { get; set; }

    public Action<CorpusNotice>? OnNotice { get; set; }

    public IReadOnlyList<DownloadProgress> Progress => _progress;

    public IReadOnlyList<CorpusNotice> Notices => _notices;

    public string CatalogDirectory => PathOf("catalog");

    public string Final => Path.Combine(Settings.CacheDirectory!, "book.txt");

    public string Partial => Final + ".partial";

    public static byte[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)('a' + (i * 7919 + i / 31) % 26))];

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static CorpusEntry Entry(string name, string file, byte[] bytes, params CorpusSource[] sources) => new()
    {
        Name = name,
        Title = "A book",
        Author = "Nobody",
        Licence = "CC0-1.0",
        FileName = file,
        Bytes = bytes.Length,
        Sha1 = new string('0', 40),
        Sha256 = Sha256(bytes),
        Sources = sources,
    };

    public static CorpusSource[] Http(params Uri[] addresses) => [.. addresses.Select(address => new HttpSource { Address = address })];

    public string PathOf(string name) => Path.GetFullPath(Path.Combine(_root.FullName, name));

    public string Write(string name, byte[] bytes)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>A store with one corpus, "book", of <see cref="Bytes"/>.</summary>
    public CorpusStore Store(params CorpusSource[] sources) => StoreOf(Entry("book", "book.txt", Bytes, sources));

    public CorpusStore Store(params Uri[] addresses) => Store(Http(addresses));

    public CorpusStore StoreOf(params CorpusEntry[] entries) => new(new CorpusCatalog(entries, CatalogDirectory), Settings, this, this);

    public Task<CorpusFile> GetAsync(params Uri[] addresses) => Store(addresses).GetAsync("book", TestContext.Current.CancellationToken);

    public async Task<CorpusUnavailableException> FailAsync(params Uri[] addresses)
    {
        CorpusUnavailableException e = await Assert.ThrowsAsync<CorpusUnavailableException>(() => GetAsync(addresses));
        Assert.False(File.Exists(Final));
        return e;
    }

    public void AssertComplete(CorpusFile file)
    {
        Assert.Equal(Final, file.Path);
        Assert.Equal(Sha256(Bytes), Sha256(File.ReadAllBytes(file.Path)));
        Assert.False(File.Exists(Partial));
    }

    void IProgress<DownloadProgress>.Report(DownloadProgress value)
    {
        _progress.Add(value);
        OnProgress?.Invoke(value);
    }

    void IProgress<CorpusNotice>.Report(CorpusNotice value)
    {
        _notices.Add(value);
        OnNotice?.Invoke(value);
    }

    public void Dispose() => _root.Delete(recursive: true);
}
