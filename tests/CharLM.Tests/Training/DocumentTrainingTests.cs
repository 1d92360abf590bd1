using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tests.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>Documents: the state is reset at each, in training, evaluation and generation.</summary>
public sealed class DocumentTrainingTests
{
    private static readonly TextConfig Config = new() { Cleaning = Cleaning.None, MaxTokens = 0, Documents = DocumentKind.Lines };

    private static readonly string Lines = string.Concat(Enumerable.Range(0, 40)
        .Select(i => string.Concat(Enumerable.Range(0, 1 + (i * 5 % 17)).Select(k => (char)('a' + ((i + (k * k)) % 3)))) + "\n"));

    private static readonly TokenizedText Text = TokenizedText.From(Lines, Config, SmallVocab());

    private static readonly TrainerConfig Training = new() { NumEpochs = 3, BatchSize = 7, NumSteps = 6, LearningRate = 0.5, ClipNorm = 0 };

    [Theory]
    [MemberData(nameof(Networks))]
    public void TrainEpoch_Documents_LossIsThatOfEachAlone(string kind)
    {
        using LanguageModel model = SmallModels.Network(kind);
        LossSum expected = LossOfEachAlone(model);
        using var trainer = new Trainer(model, Training with { LearningRate = 1e-30 }, Text.Train, Text.EndId);
        LossSum loss = trainer.TrainEpoch(0, cancellationToken: TestContext.Current.CancellationToken).Train;
        Assert.Equal(expected.Tokens, loss.Tokens);
        Assert.Equal(expected.Mean, loss.Mean, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void TrainEpoch_DocumentsPaddedOrNot_LearnsTheSame(string kind)
    {
        // All documents in one minibatch: the mean loss over their tokens, computed one by one with torch.
        using LanguageModel model = SmallModels.Network(kind), other = SmallModels.Network(kind);
        using (var trainer = new Trainer(model, Training with { BatchSize = 64, NumSteps = 64 }, Text.Train, Text.EndId))
            trainer.TrainEpoch(0, cancellationToken: TestContext.Current.CancellationToken);
        using DisposeScope scope = NewDisposeScope();
        Tensor total = Documents().Select(ids => LossOf(other, ids)).Aggregate((left, right) => left + right);
        (total / (Text.Train.Length - 1)).backward();
        using IDisposable unrecorded = no_grad();
        foreach (((string name, TorchSharp.Modules.Parameter expected), (_, TorchSharp.Modules.Parameter weight)) in
            other.named_parameters().Zip(model.named_parameters()))
        {
            if (expected.grad is not null)
                expected.sub_(0.5 * expected.grad);
            Assert.True((expected - weight).abs().max().ToSingle() < 2e-5, name);
        }
    }

    [Fact]
    public void TrainEpoch_Implementations_TakeTheSameSteps()
    {
        IReadOnlyDictionary<string, WeightArray>? weights = null;
        double[] Losses(Implementation implementation)
        {
            using var model = new LanguageModel(
                new ModelConfig
                {
                    Cell = CellKind.Lstm,
                    NumHiddens = 10,
                    Implementation = implementation,
                    Init = WeightInit.Normal,
                    InitSigma = 0.3,
                }, Text.Vocab.Count);
            // Custom cells draw their weights in another order.
            weights ??= Checkpoint.CopyWeights(model);
            Checkpoint.SetWeights(model, weights);
            using var trainer = new Trainer(model, Training, Text.Train, Text.EndId);
            return [.. Enumerable.Range(0, 3).Select(epoch => trainer.TrainEpoch(epoch).Train.Mean)];
        }
        double[] fused = Losses(Implementation.Fused);
        Assert.Equal(fused, Losses(Implementation.BuiltIn), (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(fused, Losses(Implementation.Custom), (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.True(fused[2] < fused[0]);
    }

    // Interrupted anywhere, even in the middle of a long document.
    [Fact]
    public void SetState_BetweenAnyTwoMinibatches_GoesOnExactly()
    {
        string[] kinds = ["fused gru", "built-in lstm"];
        foreach (string kind in kinds)
        {
            using LanguageModel model = SmallModels.Network(kind);
            using var whole = new Trainer(model, Training, Text.Train, Text.EndId);
            double expected = whole.TrainEpoch(0).Train.Total;
            for (int stop = 1; stop < 12; stop += 2)
            {
                using LanguageModel first = SmallModels.Network(kind);
                using var cancel = new CancellationTokenSource();
                using var begun = new Trainer(first, Training, Text.Train, Text.EndId);
                Assert.Throws<OperationCanceledException>(() => begun.TrainEpoch(0, new StopAfter(stop, cancel), cancel.Token));
                using var goesOn = new Trainer(first, Training, Text.Train, Text.EndId);
                goesOn.SetState(begun.CopyState());
                Assert.Equal(expected, goesOn.TrainEpoch(0).Train.Total, 1e-9);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Measure_Documents_AreThoseAloneHoweverManySideBySide(string kind)
    {
        using ILanguageModel model = kind == "n-gram" ? NGramModel.Train(Text.Train, 4, Text.Vocab.Count) : SmallModels.Network(kind);
        EvaluationText text = EvaluationText.From(Lines, Config, Text.Vocab);
        float[]? before = null;
        foreach ((int rows, int steps) in new[] { (1, 64), (8, 5), (64, 3) })
        {
            EvaluationResult result = Evaluator.Evaluate(model, text, "m", new EvaluationConfig { Rows = rows, NumSteps = steps });
            float[] nats = result.Surprisals.Nats.ToArray();
            Assert.Equal(Text.Train.Length - 1, nats.Length);
            Assert.Equal(before ?? nats, nats, (a, b) => Math.Abs(a - b) < 1e-4);
            before = nats;
        }
        if (model is LanguageModel network)
            Assert.Equal(LossOfEachAlone(network).Total, before!.Sum(nats => (double)nats), 1e-2);

        // A line on its own is a document.
        using var scorer = new LineScorer(model, Config, Text.Vocab);
        LineScore[] lines = [.. Lines.Split('\n').Select(line => scorer.Score(new TextLine(line, "\n")))];
        Assert.Equal(before!, lines.SelectMany(line => line.Nats), (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(Lines.Length, lines.Sum(line => line.Characters));
        Assert.Empty(lines[^1].Tokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Continue_FromNothing_WritesDocumentsThatEnd(bool beam)
    {
        TokenizedText text = TokenizedText.From("abc\nabc\nabc\nabc\n", Config);
        using NGramModel model = NGramModel.Train(text.Train, 4, text.Vocab.Count);
        var generator = new TextGenerator(model, text.Vocab, Tokenizer.Create(TokenKind.Char), text.EndId);
        using GenerationSession session = generator.Open(new GenerationConfig { Beam = beam ? new BeamConfig { LengthPenalty = 0 } : null });
        // A second document begins as the first did.
        for (int document = 0; document < (beam ? 1 : 2); document++)
        {
            TextPiece[] pieces = [.. session.Continue(TestContext.Current.CancellationToken)];
            Assert.Equal("abc", string.Concat(pieces.Select(piece => piece.Text)));
            Assert.Equal((EndReason.Document, 4), (pieces[^1].End!.Reason, pieces[^1].End!.Tokens));
        }
    }

    [Fact]
    public void Continue_ManySamples_EndByThemselvesAsOneWould()
    {
        using NGramModel model = NGramModel.Train(Text.Train, 5, Text.Vocab.Count);
        var generator = new TextGenerator(model, Text.Vocab, Tokenizer.Create(TokenKind.Char), Text.EndId);
        var config = new GenerationConfig { Samples = 30, Length = 12, Sampling = Sampling.AtTemperature(1) };
        string[] all = Write(config, 30), fewer = Write(config with { Samples = 7 }, 7);
        Assert.Equal(all[..7], fewer);
        Assert.Contains(all, text => text.Length < 12);
        Assert.DoesNotContain(all, text => text.Contains('<'));

        string[] Write(GenerationConfig config, int samples)
        {
            using GenerationSession session = generator.Open(config);
            return [.. session.Continue(TestContext.Current.CancellationToken).ToLookup(piece => piece.Sample).OrderBy(sample => sample.Key)
                .Select(sample => string.Concat(sample.Select(piece => piece.Text)))];
        }
    }

    // The first word of a document has no space before it.
    [Fact]
    public void Continue_Words_BeginWithoutASeparator()
    {
        TextConfig words = Config with { Token = TokenKind.Word };
        TokenizedText text = TokenizedText.From("one two\none two\none two\n", words);
        using NGramModel model = NGramModel.Train(text.Train, 3, text.Vocab.Count);
        using var session = new GenerationSession(model, text.Vocab, Tokenizer.Create(TokenKind.Word), new GenerationConfig(), text.EndId);
        Assert.Equal("one two", string.Concat(session.Continue(TestContext.Current.CancellationToken).Select(piece => piece.Text)));
    }

    [Fact]
    public void Constructor_WhatIsNoneOfDocuments_IsRefused()
    {
        using LanguageModel model = SmallModels.Network("fused gru");
        foreach (TrainerConfig config in new[] { Training with { Sampling = SamplingOrder.Windows }, Training with { Truncation = Truncation.None } })
            Assert.Throws<InvalidConfigException>(() => new Trainer(model, config, Text.Train, Text.EndId));
    }

    public static TheoryData<string> Networks => [.. SmallModels.Networks];

    public static TheoryData<string> Kinds => [.. SmallModels.Kinds];

    // The small models have a vocab of five.
    private static Vocab SmallVocab() => new([new("a", 3), new("b", 2), new("c", 1)], 0, [Vocab.End]);

    private static LossSum LossOfEachAlone(LanguageModel model)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Documents().Aggregate(default(LossSum), (sum, ids) => sum + new LossSum(LossOf(model, ids).ToSingle(), ids.Length - 1));
    }

    private static Tensor LossOf(LanguageModel model, int[] ids)
    {
        model.eval();
        Tensor inputs = tensor(ids[..^1].Select(id => (long)id).ToArray(), [1, ids.Length - 1]);
        (Tensor logits, _) = model.Forward(inputs, model.ZeroState(1));
        Tensor targets = tensor(ids[1..].Select(id => (long)id).ToArray());
        return nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum);
    }

    private static IEnumerable<int[]> Documents() => Lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => (int[])[1, .. line.Select(c => 2 + c - 'a'), 1]);

    private sealed class StopAfter(int batches, CancellationTokenSource cancel) : IProgress<StepReport>
    {
        public void Report(StepReport value)
        {
            if (value.Batch == batches)
                cancel.Cancel();
        }
    }
}
