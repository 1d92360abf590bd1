using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Evaluation;

/// <summary>A bidirectional model is measured on whole rows.</summary>
public sealed class BidirectionalEvaluationTests
{
    private const int VocabSize = 6;

    private static readonly int[] Text = [.. Enumerable.Range(0, 400).Select(i => i * i % 23 % VocabSize)];

    [Theory]
    [InlineData(CellKind.Rnn, Implementation.BuiltIn)]
    [InlineData(CellKind.Gru, Implementation.BuiltIn)]
    [InlineData(CellKind.Lstm, Implementation.BuiltIn)]
    [InlineData(CellKind.Lstm, Implementation.Custom)]
    public void Surprisals_OneRow_AreThoseOfTheWholeText(CellKind cell, Implementation implementation)
    {
        using LanguageModel model = Model(cell, implementation);
        float[] nats = Nats(model, new EvaluationConfig { Rows = 1 });
        float[] expected = AtOnce(model, Text);
        Assert.Equal(expected.Sum(), nats.Sum(), 1e-5 * expected.Sum());
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], nats[i], 1e-4);
    }

    [Fact]
    public void Surprisals_Rows_AreReadWholeEachAfterWhatStandsBefore()
    {
        using LanguageModel model = Model(CellKind.Lstm, Implementation.BuiltIn);
        float[] nats = Nats(model, new EvaluationConfig { Rows = 4, WarmUp = 50 });
        // 399 targets in 4 rows of 99, the first without warm-up; the last three in a row of their own.
        for (int row = 0; row <= 4; row++)
        {
            int begin = row * 99, end = Math.Min(begin + 99, 399), before = row == 0 ? 0 : 50;
            float[] expected = AtOnce(model, Text[(begin - before)..(end + 1)])[before..];
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], nats[begin + i], 1e-4);
        }
        float[] resets = Nats(model, new EvaluationConfig { Rows = 3, ResetEvery = 100 });
        Assert.Equal(AtOnce(model, Text[100..201]).Sum(), resets[100..200].Sum(), 1e-3);
    }

    [Fact]
    public void Surprisals_RowLongerThanCanBeHeld_IsRefused()
    {
        using LanguageModel model = Model(CellKind.Rnn, Implementation.BuiltIn);
        var message = Assert.Throws<InvalidConfigException>(() =>
            Evaluator.Surprisals(model, new int[(1 << 18) + 2], new EvaluationConfig { Rows = 1 })).Message;
        Assert.All(["reads a whole row at once", "262144", "262145", "take more rows"], part =>
            Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Score_Lines_AreReadWholeAndCarryNothing()
    {
        var vocab = Vocab.Restore([Vocab.Unknown, "a", "b", "c", " ", "\n"]);
        var config = new TextConfig { Cleaning = Cleaning.None };
        using LanguageModel model = Model(CellKind.Gru, Implementation.BuiltIn);
        Assert.Contains("from both ends", Assert.Throws<InvalidConfigException>(() =>
            new LineScorer(model, config, vocab, carriesState: true)).Message, StringComparison.Ordinal);
        using var scorer = new LineScorer(model, config, vocab);
        string line = string.Concat(Enumerable.Range(0, 700).Select(i => "abc"[i * i % 7 % 3]));
        float[] expected = AtOnce(model, [vocab["\n"], .. Tokenizer.Create(TokenKind.Char).Encode(line + "\n", vocab)]);
        Assert.Equal(expected.Sum(), scorer.Score(new TextLine(line, "\n")).Total.Total, 1e-2);
    }

    private static float[] Nats(LanguageModel model, EvaluationConfig config) =>
        Evaluator.Surprisals(model, Text, config, TestContext.Current.CancellationToken).Nats.ToArray();

    private static LanguageModel Model(CellKind cell, Implementation implementation)
    {
        manual_seed(9);
        return new LanguageModel(
            new ModelConfig
            {
                Cell = cell,
                Implementation = implementation,
                NumHiddens = 7,
                NumLayers = 2,
                Bidirectional = true,
                AllowLeak = true,
                Init = WeightInit.Torch
            }, VocabSize);
    }

    // -log softmax of the logits of a single pass.
    private static float[] AtOnce(LanguageModel model, int[] text)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        long[] ids = [.. text.Select(id => (long)id)];
        Tensor logits = model.Forward(tensor(ids[..^1], [1, ids.Length - 1]), model.BeginState(1)).Logits;
        return (-nn.functional.log_softmax(logits, dim: -1).gather(1, tensor(ids[1..]).unsqueeze(1)).squeeze(1)).data<float>().ToArray();
    }
}
