using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models.NGram;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

public sealed class NoveltyCheckTests
{
    private const string Text = "Over the river and through the wood. Under the bridge it went, into the dark.";

    private static readonly string Own = new('1', 64);

    // The first 36 characters are training text; the rest is new to the model.
    [Theory]
    [InlineData("xx and through the", " and through the", 9.0 / 11)]
    [InlineData("the bridge it went", "the ", 0.0)]
    public void Of_TheModelsOwnText_ComparesWithWhatWasTrainedOn(string generated, string passage, double share)
    {
        var check = new NoveltyCheck(Model(new TextConfig { Cleaning = Cleaning.None, MaxTokens = 36 }), TestCorpus.Of(Text, sha256: Own));

        NoveltyFigures figures = check.Of(generated);

        Assert.True(check.IsTrainingText);
        Assert.Equal((generated.Length, passage.Length, passage), (figures.Tokens, figures.LongestLength, figures.LongestPassage));
        Assert.Equal(share, figures.CopiedShare!.Value, 1e-12);
    }

    [Fact]
    public void Of_AnotherText_ComparesWithAllOfIt()
    {
        var check = new NoveltyCheck(
            Model(new TextConfig { Cleaning = Cleaning.None, MaxTokens = 36 }), TestCorpus.Of(Text, name: "other", sha256: new string('2', 64)));

        Assert.False(check.IsTrainingText);
        Assert.Equal("other", check.Text);
        Assert.Equal(new NoveltyFigures(18, 18, "the bridge it went", 1), check.Of("the bridge it went"));
    }

    // A continuation begins with the space before its first word; the cut word at its end matches nothing, and neither do rare words.
    [Fact]
    public void Of_Words_CountsWordsAndNoUnknownOnes()
    {
        var config = new TextConfig { Cleaning = Cleaning.None, Token = TokenKind.Word, MaxTokens = 0, MinFreq = 2 };
        var check = new NoveltyCheck(Model(config, "to be or not to be that is that be or"), TestCorpus.Of("to be or not to be that is that be or", sha256: Own));

        Assert.Equal(new NoveltyFigures(5, 2, "to be", null), check.Of(" that to be xx no"));
        Assert.Equal(new NoveltyFigures(1, 0, "", null), check.Of(" no"));
        Assert.Equal(new NoveltyFigures(0, 0, "", null), check.Of(""));
    }

    // Whole documents are held out, however many blank lines separate them.
    [Fact]
    public void Of_Documents_ComparesWithThoseThatWereTrainedOn()
    {
        const string Paragraphs = "anna\n\n\n\n\n\n\n\n\n\nzora\n\nemil";
        var config = new TextConfig
        {
            Cleaning = Cleaning.None,
            Documents = DocumentKind.Paragraphs,
            MaxTokens = 0,
            ValidationFraction = 0.3,
        };
        var check = new NoveltyCheck(Model(config, Paragraphs), TestCorpus.Of(Paragraphs, sha256: Own));

        Assert.Equal(4, check.Of("zora").LongestLength);
        Assert.NotEqual(4, check.Of("emil").LongestLength);
        Assert.Equal(4, check.Of("annazora").LongestLength);
    }

    private static NGramCheckpoint Model(TextConfig config, string text = Text)
    {
        TokenizedText tokens = TokenizedText.From(text, config);
        return new NGramCheckpoint
        {
            Model = NGramModel.Train(tokens.Train, 2, tokens.Vocab.Count),
            Text = config,
            Vocab = tokens.Vocab,
            Corpus = new CorpusRecord("x", Own),
            Progress = new TrainingProgress(),
        };
    }
}
