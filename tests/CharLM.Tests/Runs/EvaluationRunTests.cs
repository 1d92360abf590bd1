using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Runs;
using CharLM.Tokenization;

namespace CharLM.Tests.Runs;

public sealed class EvaluationRunTests
{
    private static readonly CorpusText Corpus = new(
        string.Concat(Enumerable.Repeat("abcab", 200)),
        new CorpusOrigin { Requested = "x", Kind = CorpusOriginKind.File, Name = "x", Location = "x", Sha256 = "aa", Bytes = 1000 });

    [Fact]
    public void Texts_ModelsThatHeldOutOtherParts_TakesWhatNeitherSaw()
    {
        NGramCheckpoint tenth = Model(0.1, 0), half = Model(0.5, 950);
        Assert.Equal([new TextRange(900, 1000)], Ranges(new EvaluationRun(), tenth));
        Assert.Equal([new TextRange(475, 950)], Ranges(new EvaluationRun(), half));
        Assert.Equal([new TextRange(900, 950), new TextRange(900, 950)], Ranges(new EvaluationRun(), tenth, half));
        Assert.Equal([new TextRange(900, 920)], Ranges(new EvaluationRun { MaxTokens = 20 }, tenth));
        Assert.Equal([new TextRange(0, 1000)], Ranges(new EvaluationRun { Split = TextSplit.All }, tenth));
        // Of a text that training did not read, all is unseen.
        Assert.Equal([new TextRange(0, 1000)], Ranges(new EvaluationRun(), tenth with { Corpus = new CorpusRecord("y", "bb") }));
    }

    [Fact]
    public void Texts_Label_SaysWhatTrainingSaw()
    {
        NGramCheckpoint model = Model(0.1, 0);
        Assert.Equal("x (held out from training): tokens 901 to 1000 of 1000", Describe(new EvaluationRun(), model));
        Assert.Equal("x (the text of the training): all of its 1000 tokens", Describe(new EvaluationRun { Split = TextSplit.All }, model));
        Assert.Equal("x (not the text of the training): all of its 1000 tokens", Describe(new EvaluationRun(), model with { Corpus = new CorpusRecord("y", "bb") }));
    }

    [Fact]
    public void Texts_WhatCannotBe_IsRefused()
    {
        NGramCheckpoint all = Model(0, 0);
        Assert.Contains("--split all", Refusal(new EvaluationRun { Split = TextSplit.HeldOut }, all), StringComparison.Ordinal);
        Assert.Contains("vocab mismatch", Refusal(new EvaluationRun(), all, all with { Text = all.Text with { Token = TokenKind.Word } }), StringComparison.Ordinal);
        Assert.Contains("none of the text's 999 tokens", Refusal(new EvaluationRun(), all with { Vocab = Vocab.Restore([Vocab.Unknown, "z"]) }), StringComparison.Ordinal);
        string faults = Refusal(new EvaluationRun { MaxTokens = -1, Rows = 0, Config = new EvaluationConfig { ResetEvery = -1, BootstrapSamples = 0 } }, all);
        Assert.All(["max-tokens must be", "rows must be", "reset-every must be", "bootstrap must be"], part => Assert.Contains(part, faults, StringComparison.Ordinal));
    }

    private static NGramCheckpoint Model(double heldOut, int maxTokens)
    {
        var config = new TextConfig { Cleaning = Cleaning.None, MaxTokens = maxTokens, ValidationFraction = heldOut };
        TokenizedText text = TokenizedText.From(Corpus.Text, config);
        return new NGramCheckpoint { Model = NGramModel.Train(text.Train, 2, text.Vocab.Count), Text = config, Vocab = text.Vocab, Corpus = new CorpusRecord("x", "aa"), Figures = new Figures() };
    }

    private static IEnumerable<TextRange> Ranges(EvaluationRun run, params ISavedModel[] models) => run.Texts(Corpus, models).Select(text => text.Range);

    private static string Describe(EvaluationRun run, ISavedModel model) => run.Texts(Corpus, model)[0].Describe();

    private static string Refusal(EvaluationRun run, params ISavedModel[] models) => Assert.Throws<InvalidConfigException>(() => run.Texts(Corpus, models)).Message;
}
