using System.Text;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Tests.Corpora;

/// <summary>A text that is read part by part is the text that memory holds, in every encoding, joined the same way.</summary>
public sealed class LargeTextTests : IDisposable
{
    private const string Story = "Der Bär saß\r\nauf der Matte.\r\n\r\nE\u0301cole 中文 \U0001F600 x\nHe said: \"ab, cd\"\n  \nEnd\u0301";

    private readonly CorpusBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string, string?> Encodings => new()
    {
        { "utf-8", null }, { "utf-8, marked", null }, { "utf-16", null }, { "utf-32", null }, { "gb18030", "gb18030" },
        { "utf-16", "utf-16" },
    };

    // A block of 16 bytes cuts everything somewhere.
    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task ResolveAsync_FilesAboveTheLimit_AreTheTextOfMemory(string kind, string? named)
    {
        string[] files = [Story, "no line end", "\nbegins with one\r", Story];
        string[] paths = [.. files.Select((text, i) => _bench.Write($"{i}.txt", Bytes(text, kind, marks: named is null)))];

        (CorpusText memory, CorpusText large) = await BothAsync(named, null, paths);

        Assert.Equal(memory.Text, string.Concat(large.Chunks(cancellationToken: Token).Select(chunk => chunk.Text.ToString())));
        Assert.Equal(
            memory.Origin.Parts.Select(part => memory.Text[part.Begin!.Value]),
            large.Chunks(cancellationToken: Token).Where(chunk => chunk.BeginsFile).Select(chunk => chunk.Text.Span[0]));
        Assert.Equal(memory.Text[..21], large.Beginning(21));
        Assert.Equal(memory.Text[13..50], string.Concat(large.Part(13, 50, Token).Select(part => part.ToString())));
        Assert.Equal(
            (memory.Origin.Sha256, memory.Origin.Bytes, memory.Origin.Name, memory.Origin.Location, memory.Origin.Encoding),
            (large.Origin.Sha256, large.Origin.Bytes, large.Origin.Name, large.Origin.Location, large.Origin.Encoding));
        Assert.Equal(memory.Origin.Parts.Select(part => part with { Begin = null }), large.Origin.Parts);
        Assert.True(memory.IsInMemory && !large.IsInMemory);
        Assert.Contains(
            "are read part by part", Assert.Throws<InvalidOperationException>(() => large.Text).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Cleaning.None, TokenKind.Char, DocumentKind.None)]
    [InlineData(Cleaning.Lower, TokenKind.Char, DocumentKind.Paragraphs)]
    [InlineData(Cleaning.D2L, TokenKind.Char, DocumentKind.None)]
    [InlineData(Cleaning.D2LV1, TokenKind.Char, DocumentKind.Lines)]
    [InlineData(Cleaning.Lower, TokenKind.Word, DocumentKind.Files)]
    [InlineData(Cleaning.D2L, TokenKind.Word, DocumentKind.None)]
    [InlineData(Cleaning.None, TokenKind.Byte, DocumentKind.None)]
    [InlineData(Cleaning.None, TokenKind.Byte, DocumentKind.Lines)]
    public async Task From_FilesAboveTheLimit_GiveTheTokensOfMemory(Cleaning cleaning, TokenKind token, DocumentKind documents)
    {
        string[] paths = [.. Enumerable.Range(0, 3).Select(i => _bench.Write($"{i}.txt", Encoding.UTF8.GetBytes(Story + i)))];
        var config = new TextConfig
        {
            Cleaning = cleaning,
            Token = token,
            Documents = documents,
            MaxTokens = 0,
            ValidationFraction = documents == DocumentKind.Files ? 0 : 0.3,
        };
        (CorpusText memory, CorpusText large) = await BothAsync(config.ReadAs, null, paths);

        TokenizedText expected = TokenizedText.From(memory, config), actual = TokenizedText.From(large, config, cancellationToken: Token);

        Assert.Equal(expected.Vocab.Tokens, actual.Vocab.Tokens);
        Assert.Equal(expected.Vocab.Frequencies, actual.Vocab.Frequencies);
        Assert.Equal(expected.Train.ToArray(), actual.Train.ToArray());
        Assert.Equal(expected.HeldOut.ToArray(), actual.HeldOut.ToArray());
        Assert.Equal(expected.Unseen.ToArray(), actual.Unseen.ToArray());
        Assert.Equal((expected.EndId, expected.NumTokensOfCorpus), (actual.EndId, actual.NumTokensOfCorpus));
        // Another vocab, of which some tokens are unknown: the same file of ids serves it.
        var some = Vocab.Restore(["<unk>", "<end>", "e", "der", "d"]);
        Assert.Equal(TokenizedText.From(memory, config, some).Train.ToArray(), TokenizedText.From(large, config, some).Train.ToArray());
        Assert.Single(IdCache.List(_bench.Settings.CacheDirectory!));
        if (documents == DocumentKind.Files)
            return;
        EvaluationText measured = EvaluationText.From(memory, config, some, Part),
            asFiles = EvaluationText.From(large, config, some, Part, Token);
        Assert.Equal(measured.Tokens.ToArray(), asFiles.Tokens.ToArray());
        Assert.Equal(measured with { Tokens = asFiles.Tokens }, asFiles);

        TextRange Part(long tokens) => TextParts.Of(tokens, config).HeldOut;
    }

    [Fact]
    public async Task Chunks_BadByteInALaterBlock_IsToldAsInMemory()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("größe\n", 30))), 0xFF, (byte)'a'];
        string good = _bench.Write("good.txt", Encoding.UTF8.GetBytes(Story)), bad = _bench.Write("bad.txt", bytes);
        foreach (string[] paths in new string[][] { [bad], [good, bad] })
        {
            string expected = (await Assert.ThrowsAsync<CorpusFileException>(
                () => new CorpusResolver(_bench.Store(LoopbackServer.Closed())).ResolveAsync([.. paths], null, Token))).Message;
            CorpusText large = await LargeAsync(null, null, paths);

            CorpusFileException e = Assert.Throws<CorpusFileException>(() => large.Chunks(cancellationToken: Token).Count());

            Assert.Equal((expected, 240L), (e.Message, e.ByteOffset));
        }
    }

    [Fact]
    public async Task ResolveAsync_KnownEncoding_IsThatOfTheKnownTextOnly()
    {
        string path = _bench.Write("a.txt", Encoding.Latin1.GetBytes("größe, und noch viel mehr Text als das\n"));
        string sha256 = CorpusBench.Sha256(File.ReadAllBytes(path));

        Assert.Equal("latin-1", (await LargeAsync(null, new KnownText(sha256, "latin-1"), path)).Origin.Encoding);
        Assert.Equal("latin-1", (await LargeAsync(null, new KnownText("another", "latin-1"), path)).Origin.Encoding);
        File.WriteAllText(path, "größe, und noch viel mehr Text als das\n");
        Assert.Null((await LargeAsync(null, new KnownText("another", "latin-1"), path)).Origin.Encoding);
    }

    [Fact]
    public async Task Of_FileThatChangedSinceItWasFound_IsRefusedInOneLine()
    {
        string path = _bench.Write("a.txt", Encoding.UTF8.GetBytes(Story));
        CorpusText large = await LargeAsync(null, null, path);
        File.WriteAllText(path, Story.Replace('x', 'y'));

        CorpusFileException e = Assert.Throws<CorpusFileException>(() => EncodedText.Of(large, new TextConfig()));

        Assert.Equal(CorpusFileError.Changed, e.Error);
        Assert.StartsWith($"'{path}' changed while it was read: SHA-256 is ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.All(
            Directory.EnumerateFiles(_bench.PathOf("cache/ids")), file => Assert.EndsWith(".lock", file, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ResolveAsync_FileAboveMaxTextBytes_IsRefused()
    {
        _bench.Settings = _bench.Settings with { MaxTextBytes = 20 };
        string path = _bench.Write("a.txt", CorpusBench.Text(21));

        Assert.Equal($"'{path}' has 21 bytes; at most 20 can be read, so give a part of it",
            (await Assert.ThrowsAsync<CorpusFileException>(() => LargeAsync(null, null, path))).Message);
    }

    private async Task<(CorpusText Memory, CorpusText Large)> BothAsync(string? encoding, KnownText? known, params string[] paths) =>
        (await new CorpusResolver(_bench.Store(LoopbackServer.Closed())) { Encoding = encoding, Known = known }
            .ResolveAsync([.. paths], null, Token), await LargeAsync(encoding, known, paths));

    private async Task<CorpusText> LargeAsync(string? encoding, KnownText? known, params string[] paths)
    {
        CorpusSettings settings = _bench.Settings;
        _bench.Settings = settings with { MaxBytesInMemory = 10, BlockBytes = 16 };
        var resolver = new CorpusResolver(_bench.Store(LoopbackServer.Closed())) { Encoding = encoding, Known = known };
        _bench.Settings = settings;
        return await resolver.ResolveAsync([.. paths], null, Token);
    }

    private static byte[] Bytes(string text, string kind, bool marks)
    {
        Encoding encoding = kind switch
        {
            "utf-8, marked" => new UTF8Encoding(true),
            "utf-16" => new UnicodeEncoding(false, marks),
            "utf-32" => new UTF32Encoding(false, marks),
            "gb18030" => Encoding.GetEncoding("gb18030"),
            _ => new UTF8Encoding(false),
        };
        return [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
    }
}
