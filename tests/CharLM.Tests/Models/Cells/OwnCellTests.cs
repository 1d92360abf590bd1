using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Gradients;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Cells;

/// <summary>A cell of a user's own has all that the cells of the toolkit have.</summary>
public sealed class OwnCellTests : IDisposable
{
    private const int Input = 3, Hidden = 2, Steps = 6;

    private static readonly Vocab Vocab = SmallModels.Letters;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Names => [.. OwnCells.Names];

    private static double[] Values(Tensor tensor) => tensor.contiguous().data<double>().ToArray();

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    // The papers' equations with plain numbers, for one row.
    private static double[] Step(string cell, Func<string, int, int, double> w, double[] x, double[] h)
    {
        double Sum(string weight, int row, double[] vector) => vector.Select((value, column) => w(weight, row, column) * value).Sum();
        double FromInput(int row) => Sum("weight_ih", row, x) + w("bias", row, 0);
        int[] units = [.. Enumerable.Range(0, Hidden)];
        switch (cell)
        {
            case "mgu":
                double[] f = [.. units.Select(i => Sigmoid(FromInput(i) + Sum("weight_hh", i, h)))];
                double[] kept = [.. units.Select(i => f[i] * h[i])];
                return [.. units.Select(i => ((1 - f[i]) * h[i])
                    + (f[i] * Math.Tanh(FromInput(Hidden + i) + Sum("weight_hh", Hidden + i, kept))))];
            case "ind-rnn":
                return [.. units.Select(i => Math.Max(0, FromInput(i) + (w("weight_hh", i, 0) * h[i])))];
            case "leaky-rnn":
                double[] a = [.. units.Select(i => Sigmoid(w("leak", i, 0)))];
                return [.. units.Select(i => ((1 - a[i]) * h[i]) + (a[i] * Math.Tanh(FromInput(i) + Sum("weight_hh", i, h))))];
            default:
                throw new ArgumentOutOfRangeException(nameof(cell), cell, "no equation");
        }
    }

    [Theory]
    [InlineData("mgu")]
    [InlineData("ind-rnn")]
    [InlineData("leaky-rnn")]
    public void Sequence_SampleCell_FollowsItsPapersEquation(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using RecurrentCell cell = OwnCells.Create(name, Input, Hidden);
        cell.to(ScalarType.Float64);
        foreach (Parameter parameter in cell.parameters())
            parameter.normal_();
        Tensor inputs = randn(Steps, 1, Input, dtype: ScalarType.Float64), begin = randn(1, Hidden, dtype: ScalarType.Float64);

        (Tensor outputs, Tensor[] end) = cell.Sequence(inputs, [begin]);

        double[] h = Values(begin);
        for (int step = 0; step < Steps; step++)
        {
            h = Step(name, (weight, row, column) =>
            {
                Parameter parameter = cell.get_parameter(weight)!;
                return (parameter.dim() == 1 ? parameter[row] : parameter[row, column]).ToDouble();
            }, Values(inputs[step]), h);
            Assert.Equal(h, Values(outputs[step]), (a, b) => Math.Abs(a - b) < 1e-12);
        }
        Assert.Equal(h, Values(end[0]), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void Model_LayersInBothDirections_NamesWeightsAsPyTorchDoes(string name)
    {
        ModelConfig config = OwnCells.Config(name) with { NumLayers = 2, Bidirectional = true, AllowLeak = true };
        using var model = new LanguageModel(config, Vocab.Count);
        string[] names = [.. model.named_parameters().Select(entry => entry.name)];

        Assert.All(["l0", "l0_reverse", "l1", "l1_reverse"], place =>
            Assert.Contains(names, one => one.StartsWith("rnn.", StringComparison.Ordinal)
                && one.EndsWith($"_{place}", StringComparison.Ordinal)));
        Assert.Equal(names.Order(), model.state_dict().Keys.Order());
        Assert.Equal(names.Order(), WeightShapes.Of(config, Vocab.Count).Keys.Order());
        Assert.All(model.named_parameters(), entry =>
        {
            Assert.Equal(WeightShapes.Of(config, Vocab.Count)[entry.name], entry.parameter.shape);
            Assert.Same(entry.parameter, model.get_parameter(entry.name));
        });
        model.to(ScalarType.Float64);
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        using RecurrentState begin = model.BeginState(2);
        (Tensor logits, RecurrentState end) = model.forward(tensor(new long[] { 1, 2, 3, 1, 2, 3 }, [2, 3]), begin);
        Assert.Equal([6L, Vocab.Count], logits.shape);
        Assert.Equal(begin.Hidden.shape, end.Hidden.shape);
        Assert.Equal(begin.Cell?.shape, end.Cell?.shape);
    }

    [Theory, MemberData(nameof(Names))]
    public void Trainer_StoppedAndReadFromAFile_GoesOnToTheSameBits(string name)
    {
        ModelConfig config = OwnCells.Config(name) with
        {
            NumLayers = 2,
            Dropout = 0.2,
            Attention = AttentionKind.Dot,
            AttentionWindow = 4,
        };
        var training = new TrainerConfig
        {
            NumEpochs = 3,
            BatchSize = 3,
            NumSteps = 7,
            LearningRate = 0.002,
            Optimizer = OptimizerKind.Adam,
        };
        manual_seed(7);
        using var whole = new LanguageModel(config, Vocab.Count);
        IReadOnlyDictionary<string, WeightArray> begin = Checkpoint.CopyWeights(whole);
        using (var trainer = new Trainer(whole, training, SmallModels.Text))
        {
            for (int epoch = 0; epoch < training.NumEpochs; epoch++)
                trainer.TrainEpoch(epoch);
        }

        using var first = new LanguageModel(config, Vocab.Count);
        Checkpoint.SetWeights(first, begin);
        using var stop = new CancellationTokenSource();
        using (var trainer = new Trainer(first, training, SmallModels.Text))
        {
            trainer.TrainEpoch(0);
            Assert.Throws<OperationCanceledException>(() => trainer.TrainEpoch(1, new StopAt(4, stop), stop.Token));
            CheckpointFile.Write(_folder.File("stopped.safetensors"), CheckpointOf(first, training) with
            {
                Resume = new ResumeState
                {
                    Trainer = trainer.CopyState(),
                    Step = 1,
                    ElapsedSeconds = 1,
                    MetricsBytes = 0,
                    SamplesBytes = 0,
                },
            });
        }
        Checkpoint read = CheckpointFile.Read(_folder.File("stopped.safetensors"));
        using LanguageModel second = read.BuildModel();
        using (var trainer = new Trainer(second, training, SmallModels.Text))
        {
            trainer.SetState(read.Resume!.Trainer);
            trainer.TrainEpoch(1);
            trainer.TrainEpoch(2);
        }
        Assert.Equal(Bits(whole), Bits(second));
    }

    [Theory, MemberData(nameof(Names))]
    public void Checkpoint_OwnCell_MeasuresAndGeneratesTheSame(string name)
    {
        using var model = new LanguageModel(OwnCells.Config(name) with { EmbeddingSize = 5 }, Vocab.Count);
        string path = _folder.File("model.safetensors");
        CheckpointFile.Write(path, CheckpointOf(model, new TrainerConfig()));

        ISavedModel saved = ModelFile.Read(path);
        using ILanguageModel read = saved.Open();

        Assert.Equal(Evaluator.Measure(model, SmallModels.Text), Evaluator.Measure(read, SmallModels.Text));
        Assert.Equal(Text(model), Text(read));
        string header = System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(path)).Replace("\\", "", StringComparison.Ordinal);
        Assert.Contains($"\"name\":\"{name}\"", header, StringComparison.Ordinal);

        static string Text(ILanguageModel model) => string.Concat(new TextGenerator(model, Vocab, new CharTokenizer())
            .Continue("abc", 20, new TokenSampler(Sampling.AtTemperature(1), 3)));
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_RowsOfDifferentLengths_DoNotDependOnPadding(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var encoder = new SequenceEncoder(OwnCells.Config(name) with { NumLayers = 2, Bidirectional = true }, Input);
        Tensor inputs = randn(9, 3, Input);
        long[] lengths = [9, 4, 1];

        (Tensor outputs, RecurrentState state) = encoder.Forward(inputs, lengths);

        for (int row = 0; row < lengths.Length; row++)
        {
            (Tensor alone, RecurrentState end) = encoder.Forward(inputs.narrow(0, 0, lengths[row]).narrow(1, row, 1), [lengths[row]]);
            Assert.True(allclose(alone, outputs.narrow(0, 0, lengths[row]).narrow(1, row, 1), 1e-5, 1e-6));
            Assert.True(allclose(end.Hidden, state.Hidden.narrow(1, row, 1), 1e-5, 1e-6));
            if (end.Cell is not null)
                Assert.True(allclose(end.Cell, state.Cell!.narrow(1, row, 1), 1e-5, 1e-6));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Measure_OwnCell_FollowsItsGradientsThroughTime(string name)
    {
        using var model = new LanguageModel(OwnCells.Config(name) with { NumLayers = 2 }, Vocab.Count);
        IReadOnlyList<FlowCurve> curves = GradientFlow.Measure(model, SmallModels.Text.AsSpan(0, 40), rows: 2);
        Assert.Equal(name == "three-states" ? 4 : 2, curves.Count);
        Assert.All(curves, curve => Assert.True(curve.Norms[0] > 0));
        Assert.Empty(RecurrentSpectrum.Of(model, 4));
    }

    // torch.nn.functional.dropout's rule: a value is left out, or divided by the probability that it is not.
    [Fact]
    public void Forward_WeightDropout_DropsTheWeightsThatTheCellNames()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(OwnCells.Config("ind-rnn") with { WeightDropout = 0.5, NumHiddens = 64 }, Vocab.Count);
        model.train();
        Tensor ids = tensor(new long[] { 1, 2, 3, 1 }, [1, 4]);
        using RecurrentState begin = model.BeginState(1);
        Tensor first = model.forward(ids, begin).Logits, second = model.forward(ids, begin).Logits;
        Assert.False(allclose(first, second));
        model.eval();
        Assert.True(allclose(model.forward(ids, begin).Logits, model.forward(ids, begin).Logits));
        Assert.Equal(4, model.get_parameter("rnn.weight_hh_l0")!.numel() / 16);
    }

    [Fact]
    public void Shapes_OfASolvedCell_AreThoseOfARealOne()
    {
        foreach (string name in OwnCells.Names)
        {
            using RecurrentCell cell = OwnCells.Create(name, 13, 7);
            Assert.Equal(
                cell.named_parameters().Select(entry => $"{entry.name} {string.Join(' ', entry.parameter.shape)}"),
                RecurrentCells.Get(name).ShapesAt(13, 7).Select(entry => $"{entry.Name} {string.Join(' ', entry.Shape)}"));
        }
    }

    private static byte[] Bits(LanguageModel model) =>
        [.. Checkpoint.CopyWeights(model).OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .SelectMany(weight => weight.Value.Values).SelectMany(BitConverter.GetBytes)];

    private static Checkpoint CheckpointOf(LanguageModel model, TrainerConfig training) => new()
    {
        Model = model.Config,
        Text = new TextConfig(),
        Vocab = Vocab,
        Training = training,
        Corpus = new CorpusRecord("text", new string('0', 64)),
        Progress = new TrainingProgress(),
        Weights = Checkpoint.CopyWeights(model),
    };

    private sealed class StopAt(int step, CancellationTokenSource stop) : IProgress<StepReport>
    {
        public void Report(StepReport value)
        {
            if (value.Batch == step)
                stop.Cancel();
        }
    }
}
