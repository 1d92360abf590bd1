using System.Text;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

public sealed class ByteTokenizerTests : IDisposable
{
    private static readonly TextConfig Config = new() { Token = TokenKind.Byte, Cleaning = Cleaning.None, MaxTokens = 0 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Byte order marks, zeros, line ends and invalid UTF-8 are all kept, and nothing is inserted between two files.
    [Fact]
    public async Task Resolve_AnyFiles_AreTheirBytes()
    {
        byte[] first = [0xEF, 0xBB, 0xBF, .. Enumerable.Range(0, 256).Select(i => (byte)i), 0, 0xFF], second = [0xFE, 0xFF, 13, 10, 13];
        File.WriteAllBytes(_folder.File("a.bin"), first);
        File.WriteAllBytes(_folder.File("b.bin"), second);
        var resolver = new CorpusResolver(new CorpusCatalog([], _folder.File("cache")), new CorpusSettings { CacheDirectory = _folder.File("cache") }) { Encoding = TextEncoding.BytesName };
        CorpusText corpus = await resolver.ResolveAsync(
            [_folder.File("a.bin"), _folder.File("b.bin")], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Null(corpus.Origin.Encoding);

        TokenizedText text = TokenizedText.From(corpus, Config);
        Assert.Equal(["<unk>", .. Enumerable.Range(0, 256).Select(i => ((char)i).ToString())], text.Vocab.Tokens);
        Assert.Equal([.. first, .. second], text.Train.ToArray().Select(id => (byte)(id - 1)));

        TokenizedText files = TokenizedText.From(corpus, Config with { Documents = DocumentKind.Files });
        Assert.Equal(258, files.Vocab.Count);
        int end = files.EndId!.Value;
        Assert.Equal([end, .. first.Select(one => one + 2), end, .. second.Select(one => one + 2), end], files.Train.ToArray());
    }

    [Fact]
    public void Evaluate_BytesOfUtf8_HaveTheLengthsOfItsCharacters()
    {
        const string Text = "aö€😀b\n";
        var tokenizer = new ByteTokenizer();
        Vocab vocab = TokenizedText.From("a", Config).Vocab;
        EvaluationText bytes = EvaluationText.From(tokenizer.FromText(Text), Config, vocab);
        Assert.Equal((5, Encoding.UTF8.GetByteCount(Text) - 1), (bytes.Characters, bytes.Bytes));
        Assert.Equal(bytes.Bytes, bytes.RawBytes);
        EvaluationText characters = EvaluationText.From(Text, Config with { Token = TokenKind.Char }, TokenizedText.From(Text, Config with { Token = TokenKind.Char }).Vocab);
        Assert.Equal(characters.Measured, bytes.Measured);
        Assert.Equal((characters.Characters, characters.Bytes), (bytes.Characters, bytes.Bytes));
    }

    [Theory]
    [InlineData("größe €", "größe €")]
    [InlineData("", "")]
    public void ToText_FromText_IsTheText(string text, string expected) =>
        Assert.Equal(expected, new ByteTokenizer().ToText(new ByteTokenizer().FromText(text)));

    [Fact]
    public void ToText_NoUtf8_IsReplaced() => Assert.Equal("a\uFFFDb", new ByteTokenizer().ToText("a\u00FFb"));

    [Fact]
    public void Errors_WhatIsNoneOfBytes_IsNamed()
    {
        Assert.Empty(Config.Errors());
        foreach (TextConfig wrong in new[] { Config with { Encoding = "latin-1" }, Config with { Cleaning = Cleaning.D2L }, Config with { MinFreq = 2 } })
            Assert.Contains("bytes are read as they are", Assert.Single(wrong.Errors()), StringComparison.Ordinal);
        Assert.NotEmpty((Config with { Token = TokenKind.Char, Encoding = "bytes" }).Errors());
    }
}
