using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Tokenization;

public sealed class VocabTests
{
    private static readonly TokenCount[] Counts = [new("rare", 1), new("b", 5), new("a", 5), new("most", 9)];

    [Fact]
    public void Create_Counts_OrdersByFallingFrequencyThenFirstAppearance() =>
        Assert.Equal(["<unk>", "most", "b", "a", "rare"], new Vocab(Counts).Tokens);

    [Fact]
    public void Create_Reserved_StandsAfterUnknown()
    {
        var vocab = new Vocab(Counts, reserved: ["<pad>", "<bos>"]);
        Assert.Equal(["<unk>", "<pad>", "<bos>", "most", "b", "a", "rare"], vocab.Tokens);
        Assert.Equal([0, 0, 0, 9, 5, 5, 1], vocab.Frequencies);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 4)]
    [InlineData(9, 2)]
    [InlineData(10, 1)]
    public void Create_MinFreq_LeavesRarerTokensOut(int minFreq, int size) => Assert.Equal(size, new Vocab(Counts, minFreq).Count);

    [Fact]
    public void Index_UnknownToken_IsZero()
    {
        var vocab = new Vocab(Counts);
        Assert.Equal(0, vocab["absent"]);
        Assert.Equal(0, vocab["<unk>"]);
        Assert.Equal(0, vocab.IdOf("absent"));
        Assert.Equal([1, 0, 4], vocab[["most", "absent", "rare"]]);
        Assert.Equal(["most", "<unk>"], vocab[[1, 0]]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void Index_IdOutsideTheVocab_Throws(int id) => Assert.Throws<ArgumentOutOfRangeException>(() => new Vocab(Counts)[id]);

    [Fact]
    public void Create_TextThatHasTheUnknownToken_KeepsOneEntry()
    {
        var vocab = new Vocab([new("x", 2), new("<unk>", 7)]);
        Assert.Equal(["<unk>", "x"], vocab.Tokens);
        Assert.Equal([7, 2], vocab.Frequencies);
    }

    [Fact]
    public void Restore_Tokens_GivesTheSameIds()
    {
        var vocab = new Vocab(Counts);
        var restored = Vocab.Restore(vocab.Tokens, vocab.Frequencies);
        Assert.Equal(vocab.Tokens, restored.Tokens);
        Assert.Equal(vocab.Frequencies, restored.Frequencies);
    }

    [Fact]
    public void Restore_FaultyTokens_Throws()
    {
        Assert.Throws<ArgumentException>(() => Vocab.Restore([]));
        Assert.Throws<ArgumentException>(() => Vocab.Restore(["a", "<unk>"]));
        Assert.Throws<ArgumentException>(() => Vocab.Restore(["<unk>", "a", "a"]));
        Assert.Throws<ArgumentException>(() => Vocab.Restore(["<unk>", "a"], [0]));
    }

    [Fact]
    public void Create_AnyTokens_IsABijectionByFallingFrequency() => Prop.ForAll<NonEmptyString[]>(words =>
    {
        string text = string.Join(' ', words.Select(word => word.Get));
        var tokenizer = new WordTokenizer();
        var vocab = new Vocab(tokenizer.Count(text));
        Assert.Equal(tokenizer.Tokenize(text).Where(token => token != Vocab.Unknown).Distinct().Count() + 1, vocab.Count);
        for (int id = 0; id < vocab.Count; id++)
            Assert.Equal(id, vocab[vocab[id]]);
        Assert.Equal(vocab.Frequencies.Skip(1).OrderDescending(), vocab.Frequencies.Skip(1));
    }).QuickCheckThrowOnFailure();
}
