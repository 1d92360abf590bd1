using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

public sealed class TokenizedTextTests
{
    [Fact]
    public void From_MaxTokens_KeepsTheVocabOfTheWholeText()
    {
        TokenizedText text = TokenizedText.From("aaabbc", new TextConfig { MaxTokens = 2 });
        Assert.Equal(4, text.Vocab.Count);
        Assert.Equal([1, 1], text.Train.ToArray());
        Assert.Equal(6, text.NumTokensOfCorpus);
    }

    [Fact]
    public void From_ValidationFraction_HoldsOutTheLastPart()
    {
        TokenizedText text = TokenizedText.From("abcdefghij", new TextConfig { MaxTokens = 0, ValidationFraction = 0.25 });
        Assert.Equal("abcdefgh", string.Concat(text.Vocab[text.Train.ToArray()]));
        Assert.Equal("ij", string.Concat(text.Vocab[text.HeldOut.ToArray()]));
    }

    [Fact]
    public void From_GivenVocab_ReadsOtherTokensAsUnknown()
    {
        var vocab = new Vocab([new("a", 1)]);
        Assert.Equal([1, 0, 1], TokenizedText.From("aba", new TextConfig(), vocab).Train.ToArray());
    }

    [Fact]
    public void From_SeveralFaults_NamesAllOfThem()
    {
        var faulty = new TextConfig { MaxTokens = -1, MinFreq = -2, ValidationFraction = double.NaN, Cleaning = Cleaning.None };
        var e = Assert.Throws<InvalidConfigException>(() => TokenizedText.From("a", faulty));
        Assert.Equal(3, e.Errors.Count);
    }

    [Fact]
    public void From_TimeMachine_HasTheBooksVocab()
    {
        TokenizedText text = TokenizedText.From(File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt")), new TextConfig
        {
            MaxTokens = 0,
        });
        Assert.Equal(28, text.Vocab.Count);
        Assert.Equal(170_580, text.Train.Length);
        Assert.Equal(["<unk>", " ", "e", "t", "a", "i", "n", "o", "s", "h"], text.Vocab.Tokens.Take(10)); // as printed in the book
    }
}
