using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

public sealed class EvaluationRunTests
{
    private static readonly CorpusText Corpus = TestCorpus.Of(string.Concat(Enumerable.Repeat("abcab", 200)), sha256: "aa");

    [Fact]
    public void Texts_ModelsThatHeldOutOtherParts_TakesWhatNeitherSaw()
    {
        NGramCheckpoint tenth = Model(0.1, 0), half = Model(0.5, 950);
        Assert.Equal([new TextRange(900, 1000)], Ranges(new EvaluationRun(), tenth));
        Assert.Equal([new TextRange(475, 950)], Ranges(new EvaluationRun(), half));
        Assert.Equal([new TextRange(900, 950), new TextRange(900, 950)], Ranges(new EvaluationRun(), tenth, half));
        Assert.Equal([new TextRange(900, 920)], Ranges(new EvaluationRun { MaxTokens = 20 }, tenth));
        Assert.Equal([new TextRange(0, 1000)], Ranges(new EvaluationRun { Split = TextSplit.All }, tenth));
        // A text that training did not read is entirely unseen.
        Assert.Equal([new TextRange(0, 1000)], Ranges(new EvaluationRun(), tenth with { Corpus = new CorpusRecord("y", "bb") }));
    }

    [Fact]
    public void Texts_Label_SaysWhatTrainingSaw()
    {
        NGramCheckpoint model = Model(0.1, 0);
        Assert.Equal("x (held out from training): tokens 901 to 1000 of 1000", Describe(new EvaluationRun(), model));
        Assert.Equal("x (the training text): all of its 1000 tokens", Describe(new EvaluationRun { Split = TextSplit.All }, model));
        Assert.Equal("x: all of its 1000 tokens", Describe(new EvaluationRun(), model with { Corpus = new CorpusRecord("y", "bb") }));
    }

    // Each model gets its own text: with different cleaning or tokens, figures are not of the same text.
    [Fact]
    public void Texts_ModelsOfOtherTokens_EachHaveTheirOwn()
    {
        NGramCheckpoint tenth = Model(0.1, 0), half = Model(0.5, 0);
        NGramCheckpoint cleaned = half with { Text = half.Text with { Cleaning = Cleaning.D2L } };
        Assert.Equal([new TextRange(900, 1000), new TextRange(500, 1000), new TextRange(900, 1000)],
            Ranges(new EvaluationRun(), tenth, cleaned, tenth));
        Assert.True(EvaluationRun.ReadTheSame(tenth, half));
        Assert.False(EvaluationRun.ReadTheSame(tenth, cleaned));
        Assert.False(EvaluationRun.ReadTheSame(tenth, tenth with { Text = tenth.Text with { Token = TokenKind.Word } }));
    }

    [Fact]
    public void Execute_Text_TellsHowMuchOfItTheTrainingSaw()
    {
        // No text repeats a whole passage.
        string text = string.Concat(Enumerable.Range(0, 700).Select(i => $"{i} ")),
            other = string.Concat(Enumerable.Range(3000, 700).Select(i => $"{i} "));
        var config = new TextConfig { Cleaning = Cleaning.None, MaxTokens = 0 };
        TokenizedText tokens = TokenizedText.From(text, config);
        NGramCheckpoint model = Model(0, 0) with
        {
            Model = NGramModel.Train(tokens.Train, 2, tokens.Vocab.Count),
            Vocab = tokens.Vocab,
            Text = config,
            TrainedText = TextSketch.Of(tokens.Train, tokens.Vocab, TokenKind.Char),
        };
        Assert.Equal(1, Share(text)!.Value, 0.1);
        Assert.Equal(1, Share(text[500..1500])!.Value, 0.1);
        Assert.Equal(text.Length / (double)(text + other).Length, Share(text + other)!.Value, 0.1);
        Assert.Equal(0, Share(other)!.Value, 0.1);
        model = model with { TrainedText = null };
        Assert.Null(Share(text));

        double? Share(string read)
        {
            var run = new EvaluationRun();
            var corpus = new CorpusText(read, Corpus.Origin);
            return run.Execute(
                model, corpus, run.Texts(corpus, [model with { Corpus = new CorpusRecord("y", "bb") }])[0], "x").Report.PassagesTrainedOn;
        }
    }

    // The counts must come from the training part alone: the mixture is compared with models that were counted by hand.
    [Fact]
    public void Execute_Mix_CountsTheTrainingPartAndFitsTheShareOnTheValidationPart()
    {
        CorpusText corpus = TestCorpus.Of(SeededText(3000), sha256: "aa");
        var config = new TextConfig { Cleaning = Cleaning.None, MaxTokens = 0, ValidationFraction = 0.1, TestFraction = 0.1 };
        TokenizedText text = TokenizedText.From(corpus, config);
        NGramCheckpoint saved = Model(0, 0) with
        {
            Model = NGramModel.Train(text.Train.Slice(0, 60), 8, text.Vocab.Count),
            Vocab = text.Vocab,
            Text = config,
        };
        NGramModel counted = NGramModel.Train(text.Train, 1, text.Vocab.Count);
        var mix = new EvaluationRun { Mix = new MixtureConfig { Order = 1 } };
        EvaluationText test = mix.Texts(corpus, [saved])[0];
        EvaluationResult result = mix.Execute(saved, corpus, test, "x");

        var inOneRow = new EvaluationConfig { Rows = 1 };
        double Mixed(TokenSource tokens, double share) =>
            Evaluator.Measure(new MixedModel(saved.Model, counted, share), tokens, inOneRow).Mean;
        double best = Enumerable.Range(0, 101).Select(i => i / 100.0).MinBy(share => Mixed(text.HeldOut, share));
        Assert.InRange(best, 0.01, 0.99);
        Assert.Equal(Mixed(text.Unseen, best), result.Report.All.Mean, 2e-3);
        Assert.Contains("; mixed with n-gram of order 1 (modified Kneser-Ney), share of the model 0.", result.Report.Reading,
            StringComparison.Ordinal);

        Assert.Equal(Mixed(text.Unseen, 0.25),
            (mix with { Mix = mix.Mix! with { Weight = 0.25 } }).Execute(saved, corpus, test, "x").Report.All.Mean, 1e-5);
    }

    [Fact]
    public void Execute_MixOrRmsWithoutItsText_IsRefused()
    {
        NGramCheckpoint model = Model(0.1, 0);
        var mix = new EvaluationRun { Mix = new MixtureConfig() };
        Assert.Contains("there is none beside the measured part", Refusal(mix, model), StringComparison.Ordinal);
        Assert.Contains("is not the text that the model was trained on", Refusal(mix, model with { Corpus = new CorpusRecord("y", "bb") }),
            StringComparison.Ordinal);
        Assert.Equal(["mix-order must be 1 to 10, not 11", "mix-weight must be 0 to 1, not 1.5",
            "dynamic evaluation and mix are two ways to measure: choose one"], new EvaluationRun
            {
                Mix = new MixtureConfig { Order = 11, Weight = 1.5 },
                Dynamic = new DynamicEvaluationConfig(),
            }.Errors());

        static string Refusal(EvaluationRun run, NGramCheckpoint model) => Assert.Throws<InvalidConfigException>(
            () => run.Execute(model, Corpus, run.Texts(Corpus, [model])[0], "x")).Message;
    }

    // Words of a few letters in a random order: neither order of n-grams predicts everything.
    private static string SeededText(int words)
    {
        var random = new Random(7);
        string[] known = ["ab", "abc", "bca", "cab", "ca", "bb"];
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => known[random.Next(known.Length)]));
    }

    [Fact]
    public void Texts_WhatCannotBe_IsRefused()
    {
        NGramCheckpoint all = Model(0, 0);
        Assert.Contains("nothing of the text is held out", Refusal(new EvaluationRun { Split = TextSplit.HeldOut }, all),
            StringComparison.Ordinal);
        Assert.Contains("none of the text's 999 tokens",
            Refusal(new EvaluationRun(), all with { Vocab = Vocab.Restore([Vocab.Unknown, "z"]) }), StringComparison.Ordinal);
        string errors = Refusal(
            new EvaluationRun { MaxTokens = -1, Rows = 0, Config = new EvaluationConfig { ResetEvery = -1, BootstrapSamples = 0 } }, all);
        Assert.All(["max-tokens must be", "rows must be", "reset-every must be", "bootstrap must be"], part =>
            Assert.Contains(part, errors, StringComparison.Ordinal));
    }

    private static NGramCheckpoint Model(double heldOut, int maxTokens)
    {
        var config = new TextConfig { Cleaning = Cleaning.None, MaxTokens = maxTokens, ValidationFraction = heldOut };
        TokenizedText text = TokenizedText.From(Corpus.Text, config);
        return new NGramCheckpoint
        {
            Model = NGramModel.Train(text.Train, 2, text.Vocab.Count),
            Text = config,
            Vocab = text.Vocab,
            Corpus = new CorpusRecord("x", "aa"),
            Progress = new TrainingProgress(),
        };
    }

    private static IEnumerable<TextRange> Ranges(EvaluationRun run, params ISavedModel[] models) =>
        run.Texts(Corpus, models).Select(text => text.Range);

    private static string Describe(EvaluationRun run, ISavedModel model) => run.Texts(Corpus, [model])[0].Describe();

    private static string Refusal(EvaluationRun run, params ISavedModel[] models) =>
        Assert.Throws<InvalidConfigException>(() => run.Texts(Corpus, models)).Message;
}
