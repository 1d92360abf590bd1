using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tests.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Checkpoints;

/// <summary>A model with an extended vocab: old tokens work as before, new ones as the mean of the old.</summary>
public sealed class ExtendedModelTests : IDisposable
{
    private static readonly Vocab More = SmallModels.Letters.Extend([new("a", 9), new("x", 1), new("y", 4), new("z", 2)]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Networks => [.. SmallModels.Networks, "bidirectional"];

    [Theory, MemberData(nameof(Networks))]
    public void Extend_AnyNetwork_ExpectsTheKnownAsBeforeAndOfTheNewTheirMean(string kind)
    {
        using LanguageModel model = Network(kind);
        Checkpoint extended = Saved(model).Extend(More);
        using LanguageModel wider = extended.BuildModel();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        int known = SmallModels.Letters.Count;
        Tensor ids = tensor(SmallModels.Text[..24].Select(id => (long)id).ToArray()).view(2, 12);

        Tensor before = model.Forward(ids, model.BeginState(2)).Logits, after = wider.Forward(ids, wider.BeginState(2)).Logits;

        Assert.Equal([24, known + 3], after.shape);
        Assert.Equal(FloatArray.Of(before), FloatArray.Of(after.narrow(1, 0, known).contiguous()), Close);
        // The logits are linear in rows and biases, so the logits of the mean are the mean of the logits.
        float[] mean = FloatArray.Of(before.mean([1], keepdim: true).expand(24, 3).contiguous());
        Assert.Equal(mean, FloatArray.Of(after.narrow(1, known, 3).contiguous()), Close);
    }

    // torch's own mean over each token's parameters: embeddings or one-hot columns, output rows, biases.
    [Theory, MemberData(nameof(Networks))]
    public void Extend_AnyNetwork_BeginsNewTokensAtTheMeanAndIsReadBack(string kind)
    {
        using LanguageModel model = Network(kind);
        Checkpoint before = Saved(model);
        string path = _folder.File("wider.safetensors");

        CheckpointFile.Write(path, before.Extend(More));

        Checkpoint after = CheckpointFile.Read(path);
        Assert.Equal(["<unk>", "a", "b", "c", " ", "y", "z", "x"], after.Vocab.Tokens);
        int known = SmallModels.Letters.Count;
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, WeightArray weight) in after.Weights)
        {
            Tensor old = tensor(before.Weights[name].Values, [.. before.Weights[name].Shape]), now = tensor(weight.Values, [.. weight.Shape]);
            bool isOfTokens = name is "embedding.weight" or "linear.weight" or "linear.bias";
            int along = isOfTokens ? 0 : name.StartsWith("rnn.weight_ih_l0", StringComparison.Ordinal) && model.Config.EmbeddingSize == 0 ? 1 : -1;
            if (along < 0)
            {
                Assert.Equal(before.Weights[name].Values, weight.Values);
                continue;
            }
            Assert.Equal(FloatArray.Of(old), FloatArray.Of(now.narrow(along, 0, known).contiguous()));
            for (int token = known; token < More.Count; token++)
                Assert.Equal(FloatArray.Of(old.mean([along])), FloatArray.Of(now.select(along, token).contiguous()), Close);
        }
    }

    [Fact]
    public void Extend_VocabThatDoesNotBeginWithTheModels_Throws()
    {
        using LanguageModel model = Network("fused gru");
        Assert.Throws<ArgumentException>(() => Saved(model).Extend(new Vocab([new("b", 3), new("a", 2), new("c", 1), new(" ", 1)])));
    }

    [Fact]
    public void Extend_Vocab_AppendsByFrequencyAndKeepsItsOwn()
    {
        var vocab = new Vocab([new("a", 3), new("b", 2)]);
        Vocab extended = vocab.Extend([new("rare", 1), new("b", 7), new("c", 2), new("<unk>", 5), new("d", 8)], minFreq: 2);
        Assert.Equal(["<unk>", "a", "b", "d", "c"], extended.Tokens);
        Assert.Equal([0, 3, 2, 8, 2], extended.Frequencies);
        Assert.Same(vocab, vocab.Extend([new("a", 1), new("rare", 1)], minFreq: 2));
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) < 2e-5;

    private static LanguageModel Network(string kind)
    {
        if (kind != "bidirectional")
            return SmallModels.Network(kind);
        manual_seed(5);
        return new LanguageModel(
            new ModelConfig { Cell = CellKind.Lstm, Implementation = Implementation.BuiltIn, NumHiddens = 6, Bidirectional = true, AllowLeak = true },
            SmallModels.Letters.Count);
    }

    private static Checkpoint Saved(LanguageModel model) => new()
    {
        Model = model.Config,
        Text = new TextConfig(),
        Vocab = SmallModels.Letters,
        Training = new TrainerConfig(),
        Corpus = new CorpusRecord("x", new string('0', 64)),
        Progress = new TrainingProgress(),
        Weights = Checkpoint.CopyWeights(model),
    };
}
