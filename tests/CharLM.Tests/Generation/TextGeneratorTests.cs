using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Generation;

public sealed class TextGeneratorTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new("c", 1)]);

    private static LanguageModel Model(CellKind cell = CellKind.Gru)
    {
        manual_seed(5);
        return new LanguageModel(new ModelConfig { Cell = cell, NumHiddens = 8 }, Letters.Count);
    }

    private static TokenSampler Greedy => new(Sampling.Greedy, 0);

    // An imported vocab of characters may contain names of special tokens.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(0, 3)]
    public void Open_ReservedTokensAreMostProbable_AreNeverWritten(double temperature, int beam)
    {
        var names = Vocab.Restore(["<unk>", "<pad>", "a", "<", "<bos>"]);
        manual_seed(5);
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 8 }, names.Count);
        using (no_grad())
        {
            foreach (int id in (int[])[0, 1, 4])
                model.get_parameter("linear.bias")![id] = 50;
        }
        var config = new GenerationConfig
        {
            Length = 20,
            Sampling = Sampling.AtTemperature(temperature),
            Beam = beam > 1 ? new BeamConfig { Width = beam } : null,
        };
        using GenerationSession session = new TextGenerator(model, names, new CharTokenizer()).Open(config);
        session.Read("a<pad>"); // read as characters: the reserved token has no spelling
        string text = string.Concat(session.Continue(TestContext.Current.CancellationToken).Select(piece => piece.Text));
        Assert.Equal((20, ""), (text.Length, text.Replace("a", "", StringComparison.Ordinal).Replace("<", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(TokenKind.Char, new[] { "<unk>", "a", "<pad>", "\U0001F433" }, null)]
    [InlineData(TokenKind.Char, new[] { "<unk>", "a", "ab" }, "the vocab's token 2, 'ab', is no char")]
    [InlineData(TokenKind.Char, new[] { "<unk>", "" }, "the vocab's token 1, '', is no char")]
    [InlineData(TokenKind.Word, new[] { "<unk>", "ab", "<pad>" }, null)]
    [InlineData(TokenKind.Word, new[] { "<unk>", "a b" }, "the vocab's token 1, 'a b', is no word")]
    public void FaultOf_VocabOfAnotherKind_NamesItsFirstToken(TokenKind kind, string[] tokens, string? expected)
    {
        string? error = Tokenizer.Create(kind).ErrorOf(Vocab.Restore(tokens));
        Assert.StartsWith(expected ?? "", error ?? "", StringComparison.Ordinal);
        Assert.Equal(expected is null, error is null);
    }

    [Theory]
    [InlineData(CellKind.Rnn)]
    [InlineData(CellKind.Lstm)]
    public void Continue_Greedy_TakesTheArgmaxAfterTheWholePrefix(CellKind cell)
    {
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Model(cell);
        model.eval();
        string text = "abca";
        for (int i = 0; i < 10; i++)
        {
            // Independent reference: the whole text so far in one forward pass, without carried state.
            long[] ids = [.. text.Select(c => (long)Letters[c.ToString()])];
            (Tensor logits, _) = model.Forward(tensor(ids, new long[] { 1, ids.Length }), model.BeginState(1));
            text += Letters[1 + (int)logits[-1].narrow(0, 1, 3).argmax().ToInt64()];
        }
        var generator = new TextGenerator(model, Letters, new CharTokenizer());
        Assert.Equal(text, "abca" + string.Concat(generator.Continue("abca", 10, Greedy, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void Continue_Tensors_AreFreedAlsoWhenTheReaderStopsEarly()
    {
        using LanguageModel model = Model(CellKind.Lstm);
        var generator = new TextGenerator(model, Letters, new CharTokenizer());
        long before = LiveTensors.Count();
        Assert.Equal(5, generator.Continue("a", 100, Greedy, TestContext.Current.CancellationToken).Take(5).Count());
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Continue_Words_ArePutApart()
    {
        using LanguageModel model = Model();
        var generator = new TextGenerator(model, Letters, new WordTokenizer());
        Assert.All(generator.Continue("a b", 5, Greedy, TestContext.Current.CancellationToken), piece =>
            Assert.StartsWith(" ", piece, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(TokenKind.Char, "")]
    [InlineData(TokenKind.Word, " \n")]
    public void Continue_EmptyPrefix_Throws(TokenKind kind, string prefix)
    {
        using LanguageModel model = Model();
        var generator = new TextGenerator(model, Letters, Tokenizer.Create(kind));
        Assert.Throws<InvalidConfigException>(() => generator.Continue(prefix, 5, Greedy, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void UnknownIn_Prefix_ListsEachOnce()
    {
        using LanguageModel model = Model();
        Assert.Equal(["X", "\U0001F600"], new TextGenerator(model, Letters, new CharTokenizer()).UnknownIn("aXb\U0001F600X"));
    }

    [Fact]
    public void Continue_Cancelled_Stops()
    {
        using LanguageModel model = Model();
        using var cancel = new CancellationTokenSource();
        var generator = new TextGenerator(model, Letters, new CharTokenizer());
        int seen = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (string piece in generator.Continue("a", 1000, Greedy, cancel.Token))
            {
                if (++seen == 3)
                    cancel.Cancel();
            }
        });
        Assert.Equal(3, seen);
    }
}
