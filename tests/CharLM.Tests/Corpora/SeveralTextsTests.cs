using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>Several texts, folders and encodings read as one corpus.</summary>
public sealed class SeveralTextsTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task ResolveAsync_Several_AddsALineEndOnlyWhereOneIsMissing()
    {
        byte[][] bytes = ["\uFEFFone"u8.ToArray(), "two\n"u8.ToArray(), "three\r\n"u8.ToArray(), "four"u8.ToArray()];
        string[] paths = [.. bytes.Select((content, i) => _bench.Write($"{i}.txt", content))];

        CorpusText text = await Resolver().ResolveAsync([.. paths], cancellationToken: Token);

        Assert.Equal("one\ntwo\nthree\r\nfour", text.Text);
        Assert.Equal([0, 4, 8, 15], text.Origin.Parts.Select(part => part.Begin));
        Assert.Equal(bytes.Select(CorpusBench.Sha256), text.Origin.Parts.Select(part => part.Sha256));
        Assert.Equal(paths, text.Origin.Parts.Select(part => part.Location));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. bytes.SelectMany(content => content)])), text.Origin.Sha256);
        Assert.Equal((bytes.Sum(content => content.Length), "0.txt and 3 more"), ((int)text.Origin.Bytes, text.Origin.Name));
        Assert.Equal(paths, text.Origin.Texts);
    }

    [Fact]
    public async Task ResolveAsync_CatalogFileAndStandardInput_AreOne()
    {
        string path = _bench.Write("own.txt", "own\n"u8.ToArray());
        using var input = new MemoryStream("typed"u8.ToArray());

        CorpusText text = await Resolver().ResolveAsync(["bundled", path, "-"], input, Token);

        Assert.Equal("of the catalog\nown\ntyped", text.Text);
        Assert.Equal(["bundled", path, "-"], text.Origin.Texts);
        Assert.Equal(CorpusOriginKind.StandardInput, text.Origin.Kind);
        await Assert.ThrowsAsync<InvalidConfigException>(() => Resolver().ResolveAsync(["-", "-"], input, Token));
    }

    [Fact]
    public async Task ResolveAsync_Folder_ReadsItsTextsInOrdinalOrderAndCountsTheRest()
    {
        foreach ((string name, string content) in new[]
        {
            ("f/b.txt", "b\n"), ("f/B.txt", "B\n"), ("f/a/z.md", "z\n"), ("f/a/.hidden", "x"), ("f/.git/y", "y"), ("f/c.bin", "c\0c"),
            ("f/paper.pdf", "%PDF-1.4"), ("f/empty", ""), ("f/run/samples.txt", "a sample"),
        })
            _bench.Write(name, Encoding.UTF8.GetBytes(content));
        string folder = _bench.PathOf("f");
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "a", "loop"), folder);
            File.CreateSymbolicLink(Path.Combine(folder, "turn"), Path.Combine(folder, "turn"));
            File.CreateSymbolicLink(Path.Combine(folder, "d.txt"), _bench.Write("linked.txt", "d\n"u8.ToArray()));
        }

        CorpusText text = await Resolver(isRun: path => Path.GetFileName(path) == "run").ResolveAsync(folder, cancellationToken: Token);

        string linked = OperatingSystem.IsWindows() ? "" : "d\n";
        Assert.Equal($"B\nz\nb\n{linked}", text.Text);
        Assert.Equal((folder, "f"), (text.Origin.Location, text.Origin.Name));
        Assert.Equal([folder], text.Origin.Texts);
        string other = OperatingSystem.IsWindows() ? "1" : "3";
        Assert.EndsWith($"; skipped 2 binary, 2 hidden, {other} empty, special or linked, 1 of runs",
            Assert.Single(_bench.Notices, notice => notice.Kind == CorpusNoticeKind.Skipped).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "holds no file")]
    [InlineData("x.bin", "holds no text: everything in it is skipped (1 binary)")]
    public async Task ResolveAsync_FolderWithoutAText_IsRefused(string? file, string message)
    {
        string folder = Directory.CreateDirectory(_bench.PathOf("f")).FullName;
        if (file is not null)
            _bench.Write($"f/{file}", [1, 0, 2]);

        CorpusFileException e = await FailAsync(folder);

        Assert.Equal(CorpusFileError.Directory, e.Error);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task ResolveAsync_UnreadableFileInAFolder_IsNamed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no permission bits on Windows");
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root reads every file");
        _bench.Write("f/a.txt", "a"u8.ToArray());
        string path = _bench.Write("f/b.txt", "b"u8.ToArray());
        File.SetUnixFileMode(path, UnixFileMode.None);

        CorpusFileException e = await FailAsync(_bench.PathOf("f"));

        Assert.Equal((CorpusFileError.Unreadable, path), (e.Error, e.Location));
    }

    // The bytes are those of Python's codecs.
    public static TheoryData<string, string, string> Encodings => new()
    {
        { "gb18030", "B4B2C7B0C3F7D4C2B9E20A", "\u5E8A\u524D\u660E\u6708\u5149\n" },
        { "big5", "A7C9AB65", "\u5E8A\u524D" },
        { "shift-jis", "82B182F182C982BF82CD", "\u3053\u3093\u306B\u3061\u306F" },
        { "Latin-1", "4772FCDF65", "Gr\u00FC\u00DFe" },
        { "windows-1251", "CFF0E8E2E5F2", "\u041F\u0440\u0438\u0432\u0435\u0442" },
        { "windows-1252", "80933E94", "\u20AC\u201C>\u201D" },
        { "utf-16", "61007A00", "az" },
        { "utf-16be", "0061007A", "az" },
        { "koi8-r", "F0D2C9D7C5D4", "\u041F\u0440\u0438\u0432\u0435\u0442" },
    };

    [Theory, MemberData(nameof(Encodings))]
    public async Task ResolveAsync_NamedEncoding_IsDecoded(string encoding, string hex, string expected)
    {
        string path = _bench.Write("a.txt", Convert.FromHexString(hex));

        CorpusText text = await Resolver(encoding).ResolveAsync(path, cancellationToken: Token);

        Assert.Equal((expected, encoding), (text.Text, text.Origin.Encoding));
    }

    [Theory]
    [InlineData("EFBBBF61")]
    [InlineData("FFFE6100")]
    [InlineData("FEFF0061")]
    [InlineData("FFFE000061000000")]
    [InlineData("0000FEFF00000061")]
    public async Task ResolveAsync_ByteOrderMark_WinsOverAll(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        string path = _bench.Write("a.txt", bytes);
        Assert.Equal("a", (await Resolver().ResolveAsync(path, cancellationToken: Token)).Text);
        Assert.Equal("a", (await Resolver("gb18030").ResolveAsync(path, cancellationToken: Token)).Text);
        await using var input = new UnseekableStream(bytes);
        Assert.Equal("a", (await Resolver().ResolveAsync("-", input, Token)).Text);
    }

    [Theory]
    [InlineData("gb18030", "610A6281", 3, 2)]
    [InlineData("gb18030", "0AB4B2FF", 3, 2)]
    [InlineData("shift-jis", "610AA0", 2, 2)]
    [InlineData("utf-16", "0A0000DC61", 2, 2)]
    [InlineData("us-ascii", "6162E4", 2, 1)]
    [InlineData("windows-1253", "610AD2", 2, 2)]
    public async Task ResolveAsync_BadByte_TellsOffsetAndLine(string encoding, string hex, int offset, int line)
    {
        string path = _bench.Write("a.txt", Convert.FromHexString(hex));

        CorpusFileException e = await FailAsync(path, encoding);

        Assert.Equal((CorpusFileError.WrongEncoding, (long)offset), (e.Error, e.ByteOffset));
        Assert.Contains($"is not {encoding}: byte 0x{hex.Substring(2 * offset, 2)} at offset {offset}, line {line}", e.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResolveAsync_TwoEncodings_TellsWhichFileIsOther()
    {
        string first = _bench.Write("a.txt", "Gr\u00FC\u00DFe\n"u8.ToArray());
        string second = _bench.Write("b.txt", [(byte)'a', (byte)'\n', 0xE4]);

        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(
            () => Resolver().ResolveAsync([first, second], cancellationToken: Token));

        Assert.StartsWith($"'{second}' is not UTF-8, as '{first}' is: byte 0xE4 at offset 2, line 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResolveAsync_Utf16WithoutAMark_IsNotTakenForUtf8()
    {
        string path = _bench.Write("a.txt", Encoding.Unicode.GetBytes("plain words\n"));
        Assert.Contains("looks like UTF-16", (await FailAsync(path)).Message, StringComparison.Ordinal);
        using var input = new MemoryStream(Encoding.BigEndianUnicode.GetBytes("plain words\n"));
        Assert.Throws<CorpusFileException>(() => LineReader.Read(input, "x").Count());
    }

    [Theory]
    [InlineData("utf-17")]
    [InlineData("")]
    public async Task ResolveAsync_UnknownEncoding_NamesSome(string encoding)
    {
        string path = _bench.Write("a.txt", "a"u8.ToArray());
        var e = await Assert.ThrowsAsync<InvalidConfigException>(() => Resolver(encoding).ResolveAsync(path, cancellationToken: Token));
        Assert.Contains("gb18030", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResolveAsync_KnownText_IsReadAsBefore()
    {
        byte[] gb = Convert.FromHexString("B4B2C7B0");
        var known = new KnownText(CorpusBench.Sha256(gb), "gb18030");
        string own = _bench.Write("own.txt", gb), utf8 = _bench.Write("utf8.txt", "\u5E8A"u8.ToArray()),
            other = _bench.Write("other.txt", Convert.FromHexString("C7B0BAF3"));

        Assert.Equal(("\u5E8A\u524D", "gb18030"), await ReadAsync(own));
        Assert.Equal(("\u5E8A", null), await ReadAsync(utf8));
        Assert.Equal(("\u524D\u540E", "gb18030"), await ReadAsync(other));

        async Task<(string, string?)> ReadAsync(string path)
        {
            CorpusText text = await Resolver(known: known).ResolveAsync(path, cancellationToken: Token);
            return (text.Text, text.Origin.Encoding);
        }
    }

    [Theory]
    [InlineData("utf-16", "FFFE61000A00620063000D000A006400", new[] { "a", "bc", "d" })]
    [InlineData("gb18030", "B4B20AC7B0", new[] { "\u5E8A", "\u524D" })]
    [InlineData(null, "EFBBBF61", new[] { "a" })]
    [InlineData(null, "FEFF0061000A", new[] { "a" })]
    public void Read_LinesOfAnEncoding_AreDecodedAsTheyCome(string? encoding, string hex, string[] lines)
    {
        using var input = new UnseekableStream(Convert.FromHexString(hex));
        Assert.Equal(lines, LineReader.Read(input, "x", encoding is null ? null : TextEncoding.Find(encoding)).Select(line => line.Text));
    }

    private CorpusResolver Resolver(string? encoding = null, KnownText? known = null, Func<string, bool>? isRun = null)
    {
        byte[] bundled = "of the catalog"u8.ToArray();
        File.WriteAllBytes(Path.Combine(_bench.CatalogDirectory, "bundled.txt"), bundled);
        CorpusStore store = _bench.StoreOf(CorpusBench.Entry("bundled", "bundled.txt", bundled, new FileSource { FileName = "bundled.txt" }));
        return new CorpusResolver(store, _bench) { Encoding = encoding, Known = known, IsRun = isRun ?? (_ => false) };
    }

    private Task<CorpusFileException> FailAsync(string path, string? encoding = null) =>
        Assert.ThrowsAsync<CorpusFileException>(() => Resolver(encoding).ResolveAsync(path, cancellationToken: Token));
}
