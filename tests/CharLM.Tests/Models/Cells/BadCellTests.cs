using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Cells;

/// <summary>A cell that is none is refused with its parameter, the value and what is expected.</summary>
public sealed class BadCellTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Good at the size that registering asks for, so that it shows where it is used.
    private sealed class Bad(int inputSize, int hiddenSize, Func<Tensor, Tensor[]> step, Func<int, Tensor>? weight = null)
        : RecurrentCell(inputSize, hiddenSize)
    {
        private readonly Parameter weight_hh = new(weight is null ? ones(hiddenSize) : weight(hiddenSize));

        public override Tensor[] forward(Tensor input, Tensor[] states) => HiddenSize == 16 ? states : step(weight_hh * states[0]);
    }

    private static LanguageModel Model(string name, Func<Tensor, Tensor[]> step, Func<int, Tensor>? weight = null)
    {
        RecurrentCells.Register(name, (input, hidden) => new Bad(input, hidden, step, weight));
        return new LanguageModel(ModelConfig.OfCell(name) with { NumHiddens = 5 }, 4);
    }

    private static string Refused(LanguageModel model)
    {
        using (model)
        {
            using RecurrentState begin = model.BeginState(3);
            return Assert.Throws<InvalidConfigException>(() => model.forward(tensor(new long[] { 1, 2, 3 }, [3, 1]), begin)).Message;
        }
    }

    [Fact]
    public void Step_OfAnotherBatchSize_NamesTheShapeAndTheOneExpected() => Assert.Equal(
        "a step of the cell Bad gave state 0 as [2, 5], expected [3, 5], batch and hidden",
        Refused(Model("bad-batch", h => [h.narrow(0, 0, 2)])));

    [Fact]
    public void Step_OfAnotherWidth_NamesTheShapeAndTheOneExpected() => Assert.Equal(
        "a step of the cell Bad gave state 0 as [3, 10], expected [3, 5], batch and hidden",
        Refused(Model("bad-width", h => [cat([h, h], dim: -1)])));

    [Fact]
    public void Step_OfAnotherNumberOfStates_NamesBoth() => Assert.Equal(
        "a step of the cell Bad gave 2 states, expected 1", Refused(Model("bad-number", h => [h, h])));

    [Fact]
    public void Model_ParametersThatAreNoNumbers_NamesParameterValueAndPlace()
    {
        var e = Assert.Throws<InvalidConfigException>(() => Model("bad-values", h => [h], hidden =>
        {
            Tensor weight = ones(hidden);
            if (hidden != 16)
                weight[2] = double.NaN;
            return weight;
        }));
        Assert.Equal("the parameter weight_hh of the cell Bad begins with NaN at place 2, expected finite values", e.Message);
    }

    [Fact]
    public void Model_WeightDropoutThatNoWeightAsksFor_IsRefused()
    {
        RecurrentCells.Register("bad-dropout", (input, hidden) => new Bad(input, hidden, h => [h]));
        using var model = new LanguageModel(ModelConfig.OfCell("bad-dropout") with { NumHiddens = 5, WeightDropout = 0.5 }, 4);
        model.train();
        Assert.StartsWith(
            "weight-dropout is 0.5, and the cell bad-dropout asks for none of its weights", Refused(model), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lstm", "the name 'lstm' is taken by a cell of the toolkit")]
    [InlineData("mgu", "the name 'mgu' is taken by CharLM.SampleCells.Mgu, of CharLM.SampleCells ")]
    [InlineData("My Cell", "a cell's name is 1 to 64 of a-z, 0-9 and '-', not 'My Cell'")]
    [InlineData("", "a cell's name is 1 to 64 of a-z, 0-9 and '-', not ''")]
    public void Register_NameThatCannotBe_SaysWhy(string name, string problem)
    {
        OwnCells.Config("mgu").Validate();
        var e = Assert.Throws<ArgumentException>(() => RecurrentCells.Register(name, (input, hidden) => new Bad(input, hidden, h => [h])));
        Assert.StartsWith(problem, e.Message, StringComparison.Ordinal);
        Assert.Equal("name", e.ParamName);
    }

    [Fact]
    public void Register_CellOfAnotherSize_NamesBoth()
    {
        var e = Assert.Throws<InvalidConfigException>(
            () => RecurrentCells.Register("bad-size", (input, hidden) => new Bad(input, hidden + 1, h => [h])));
        Assert.Equal("the cell bad-size came with an input of 8 and 17 hidden units, expected 8 and 16", e.Message);
        Assert.DoesNotContain("bad-size", RecurrentCells.Names);
    }

    [Fact]
    public void Model_CellThatIsNotRegistered_NamesThoseThatAre()
    {
        OwnCells.Config("mgu").Validate();
        var e = Assert.Throws<InvalidConfigException>(() => new LanguageModel(ModelConfig.OfCell("nowhere"), 4));
        Assert.StartsWith(
            "there is no cell 'nowhere': expected rnn, gru, lstm or esn, or a registered one: ", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<ModelConfig, string> Conflicts => new()
    {
        { new ModelConfig { OwnCell = "mgu" }, "own-cell names the cell of a model whose cell is own, not gru" },
        { OwnCells.Config("mgu") with { Implementation = Implementation.Fused }, "the cell mgu is computed by its own class" },
        { OwnCells.Config("mgu") with { Variant = CellVariant.Peephole }, "variant peephole is for the lstm cell, not for mgu" },
        { OwnCells.Config("mgu") with { ForgetBias = 1 }, "forget-bias is for the lstm cell, not for mgu" },
        { OwnCells.Config("mgu") with { GruForm = GruForm.ResetAfter }, "gru-form is for the gru cell, not for mgu" },
        { OwnCells.Config("mgu") with { RnnActivation = RnnActivation.Relu }, "activation is for the rnn cell, not for mgu" },
        { OwnCells.Config("mgu") with { Init = WeightInit.Orthogonal }, "init orthogonal is for recurrent weights" },
    };

    [Theory, MemberData(nameof(Conflicts))]
    public void Errors_SettingOfAnotherCell_NameIt(ModelConfig config, string error) =>
        Assert.StartsWith(error, Assert.Single(config.Errors()), StringComparison.Ordinal);

    // As a process that knows the cell writes it, and one that does not reads it: the name is changed in between, in the same length.
    [Fact]
    public void Read_CheckpointWhoseCellIsMissing_SaysWhichAssemblyHadIt()
    {
        using var model = new LanguageModel(OwnCells.Config("ind-rnn"), 3);
        string path = _folder.File("model.safetensors");
        CheckpointFile.Write(path, new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig(),
            Vocab = new Vocab([new("a", 2), new("b", 1)]),
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("text", new string('0', 64)),
            Progress = new TrainingProgress(),
            Weights = Checkpoint.CopyWeights(model),
        });
        byte[] bytes = File.ReadAllBytes(path);
        ReadOnlySpan<byte> name = "ind-rnn"u8;
        for (int at = 0; bytes.AsSpan(at).IndexOf(name) is >= 0 and var found;)
        {
            at += found + name.Length;
            bytes[at - 1] = (byte)'m';
        }
        File.WriteAllBytes(path, bytes);

        var e = Assert.Throws<CheckpointException>(() => CheckpointFile.Read(path));

        Assert.Matches($"^{path}: holds a model of the cell 'ind-rnm', which CharLM.SampleCells [0-9.]+ had, and no cell of that name is "
            + "registered: register it first$", e.Message);
    }

    [Fact]
    public void Forward_DisposedModel_NamesIt()
    {
        var model = new LanguageModel(OwnCells.Config("mgu"), 4);
        RecurrentState begin = model.BeginState(1);
        model.Dispose();
        Assert.Contains(nameof(LanguageModel),
            Assert.Throws<ObjectDisposedException>(() => model.forward(tensor(new long[] { 1 }, [1, 1]), begin)).Message,
                StringComparison.Ordinal);
        begin.Dispose();
    }
}
