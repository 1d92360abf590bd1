using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>A run that starts from a model, with a text that has other tokens.</summary>
public sealed class ExtendedVocabTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly CorpusText First = TestCorpus.Of(Repeat("the cat sat on the mat. "), sha256: new string('0', 64));
    private static readonly CorpusText Second = TestCorpus.Of(Repeat("der Bär saß auf der Matte. "), sha256: new string('1', 64));

    private RunConfig Config(TokenKind token = TokenKind.Char) => new()
    {
        Text = new TextConfig { MaxTokens = 0, Cleaning = Cleaning.None, Token = token },
        Model = new ModelConfig { NumHiddens = 8, EmbeddingSize = 8, TieWeights = true },
        Training = new TrainerConfig { NumEpochs = 1, BatchSize = 2, NumSteps = 8, Optimizer = OptimizerKind.Adam, LearningRate = 0.01 },
        Prefix = "the ",
        SampleLength = 5,
        CheckpointPath = _folder.File("model"),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TokenKind.Char)]
    [InlineData(TokenKind.Word)]
    public void Execute_ExtendVocab_LearnsTheNewTokensAndKnowsBothTexts(TokenKind token)
    {
        RunConfig config = Config(token);
        new TrainingRun(config).Execute(First, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint start = CheckpointFile.Read(config.CheckpointPath);
        config = config with { ExtendVocab = true, Training = config.Training with { NumEpochs = 2 } };

        RunResult result = new TrainingRun(config, start).Execute(Second, cancellationToken: TestContext.Current.CancellationToken);

        Checkpoint extended = CheckpointFile.Read(config.CheckpointPath);
        Tokenizer tokenizer = Tokenizer.Create(token);
        string[] added = [.. tokenizer.Tokenize(Second.Text).Distinct().Except(start.Vocab.Tokens)];
        Assert.NotEmpty(added);
        var data = (RunData.Text)result.Description.Data;
        Assert.Equal((added.Length, 0, extended.Vocab.Count), (data.AddedTokens, data.UnknownTokens, data.VocabSize));
        Assert.Equal(start.Vocab.Tokens, extended.Vocab.Tokens.Take(start.Vocab.Count));
        Assert.Equal(added.Order(StringComparer.Ordinal), extended.Vocab.Tokens.Skip(start.Vocab.Count).Order(StringComparer.Ordinal));
        Assert.All(new[] { First, Second }, text =>
            Assert.Equal(1, extended.TrainedText!.ShareOf(tokenizer.Encode(text.Text, extended.Vocab), extended.Vocab)!.Value, 0.01));
        // The extended model is trained: an epoch without frozen parts changes every vector.
        Assert.NotEqual(start.Extend(extended.Vocab).Weights["embedding.weight"].Values, extended.Weights["embedding.weight"].Values);
    }

    [Fact]
    public void Execute_NotExtended_ReadsThemAsUnknownOrNamesTheOption()
    {
        RunConfig config = Config();
        new TrainingRun(config).Execute(First, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint start = CheckpointFile.Read(config.CheckpointPath);
        config = config with { Training = config.Training with { NumEpochs = 2 } };

        var some = (RunData.Text)new TrainingRun(config, start).Execute(Second, cancellationToken: TestContext.Current.CancellationToken)
            .Description.Data;
        Assert.True(some.UnknownTokens > 0 && some.AddedTokens == 0);
        Assert.Equal(start.Vocab.Count, some.VocabSize);
        Assert.Contains("--extend-vocab", Assert.Throws<InvalidConfigException>(() => new TrainingRun(config, start).Execute(
            TestCorpus.Of(Repeat("春眠不覺曉")), cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("--checkpoint", Assert.Single(TrainingRun.Errors(config with { ExtendVocab = true })), StringComparison.Ordinal);
        Assert.Empty(TrainingRun.Errors(config with { ExtendVocab = true }, start));
    }

    // Interrupted in the middle and resumed, to the last bit: frozen parts stay frozen and added tokens stay added.
    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public void Execute_ResumedRun_KeepsVocabAndFrozenParts(Implementation implementation)
    {
        RunConfig config = Config() with { Model = new ModelConfig { NumHiddens = 8, Cell = CellKind.Lstm, Implementation = implementation } };
        new TrainingRun(config).Execute(First, cancellationToken: TestContext.Current.CancellationToken);
        Checkpoint start = CheckpointFile.Read(config.CheckpointPath);
        config = config with
        {
            ExtendVocab = true,
            Training = config.Training with { NumEpochs = 3, Freeze = "rnn.weight_hh" },
            CheckpointEvery = CheckpointInterval.Epochs(1),
        };
        Checkpoint whole = Run("whole", cancelsAt: 0), resumed = Run("cut", cancelsAt: 30);

        Assert.Equal(whole.Vocab.Tokens, resumed.Vocab.Tokens);
        Assert.All(whole.Weights, weight => Assert.Equal(weight.Value.Values, resumed.Weights[weight.Key].Values));
        Assert.Equal(start.Weights["rnn.weight_hh_l0"].Values, whole.Weights["rnn.weight_hh_l0"].Values);
        Assert.NotEqual(start.Extend(whole.Vocab).Weights["rnn.weight_ih_l0"].Values, whole.Weights["rnn.weight_ih_l0"].Values);

        Checkpoint Run(string name, int cancelsAt)
        {
            string path = _folder.File(name);
            using (RunSession session = RunKind.LanguageModel.New(path))
            {
                using var cancel = new CancellationTokenSource();
                Assert.Equal(cancelsAt > 0, new TrainingRun(config, start, session: session)
                    .Execute(Second, new CancelAt(cancelsAt, cancel), cancel.Token).Interrupted);
            }
            if (cancelsAt == 0)
                return CheckpointFile.Read(new RunDirectory(path).LastCheckpointPath);
            using (RunSession session = RunKind.LanguageModel.Resume(path))
            {
                var kept = (RunConfig)session.Config!;
                Assert.Equal((true, "rnn.weight_hh"), (kept.ExtendVocab, kept.Training.Freeze));
                Assert.Contains("freeze", Assert.Single(TrainingRun.Errors(
                    kept with { Training = kept.Training with { Freeze = null } }, session)), StringComparison.Ordinal);
                new TrainingRun(kept, session: session).Execute(Second, cancellationToken: TestContext.Current.CancellationToken);
            }
            return CheckpointFile.Read(new RunDirectory(path).LastCheckpointPath);
        }
    }

    private static string Repeat(string text) => string.Concat(Enumerable.Repeat(text, 14));

    private sealed class CancelAt(int step, CancellationTokenSource cancel) : IProgress<RunEvent>
    {
        private int _steps;

        public void Report(RunEvent value)
        {
            if (value is RunEvent.Step && ++_steps == step)
                cancel.Cancel();
        }
    }
}
