using CharLM.Models;
using CharLM.Torch;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Parity with PyTorch: logits, loss, gradients, states, and the weights after clipped steps of SGD.</summary>
public sealed class GoldenTests(ITestOutputHelper output)
{
    // Relative to float64 references; see Deviation.
    private static readonly Dictionary<ScalarType, double> Tolerances = new() { [ScalarType.Float32] = 1e-5, [ScalarType.Float64] = 1e-9 };

    public static TheoryData<int, string, Implementation, ScalarType> Cases
    {
        get
        {
            var rows = new TheoryData<int, string, Implementation, ScalarType>();
            IReadOnlyList<GoldenCase> cases = GoldenFile.Read(GoldenFile.DefaultPath).Cases;
            for (int i = 0; i < cases.Count; i++)
            {
                foreach ((Implementation implementation, ScalarType type) in Kinds.Select(row => row.Data)
                    .Where(kind => Computes(kind.Item1, cases[i])))
                    rows.Add(i, cases[i].ToString(), implementation, type);
            }
            return rows;
        }
    }

    // The kernels compute float32.
    public static TheoryData<Implementation, ScalarType> Kinds => new()
    {
        { Implementation.Custom, ScalarType.Float32 },
        { Implementation.Custom, ScalarType.Float64 },
        { Implementation.BuiltIn, ScalarType.Float32 },
        { Implementation.BuiltIn, ScalarType.Float64 },
        { Implementation.Fused, ScalarType.Float32 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Train_OnGoldenCase_GivesPyTorchsNumbers(int number, string name, Implementation implementation, ScalarType type)
    {
        GoldenCase golden = GoldenFile.Read(GoldenFile.DefaultPath).Cases[number];
        Assert.Equal(name, golden.ToString());
        Compare(golden, implementation, type);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_OnSharedFile_GivesPyTorchsNumbers(Implementation implementation, ScalarType type)
    {
        GoldenFile file = GoldenFile.Read(Repository.SharedOrSkip("golden", "recurrent.json"));
        Assert.Equal(9, file.Cases.Count);
        foreach (GoldenCase golden in file.Cases.Where(golden => Computes(implementation, golden)))
            Compare(golden, implementation, type);
    }

    [Fact]
    public void Train_OnOtherSizes_GivesPyTorchsNumbers()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("golden.json");
        PyTorch.Run(
            Repository.File("scripts", "golden.py"), "--out", path, "--seed", "42", "--vocab-size", "29", "--hidden", "33",
                "--batch-size", "2",
            "--num-steps", "17", "--steps", "5", "--lr", "1", "--clip", "0.1");
        foreach (GoldenCase golden in GoldenFile.Read(path).Cases)
        {
            Assert.Equal(5, golden.Steps.Count);
            foreach ((Implementation implementation, ScalarType type) in Kinds.Select(row => row.Data)
                .Where(kind => Computes(kind.Item1, golden)))
                Compare(golden, implementation, type);
        }
    }

    // The default training on a CPU: kernels only, without torch's graph.
    [Fact]
    public void Learn_OnGoldenCases_GivesPyTorchsNumbers()
    {
        foreach (GoldenCase golden in GoldenFile.Read(GoldenFile.DefaultPath).Cases.Where(golden => Computes(Implementation.Fused, golden)))
        {
            using LanguageModel model = Build(golden, Implementation.Fused, ScalarType.Float32);
            using ITrainingBackend backend = TrainingBackends.Create(model, new TrainerConfig { LearningRate = golden.LearningRate });
            Assert.IsType<FusedBackend>(backend);
            var deviation = new Deviation(Tolerances[ScalarType.Float32]);
            backend.ResetState();
            for (int i = 0; i < golden.Steps.Count; i++)
            {
                string of = $"of step {i + 1} ({golden})";
                double loss = backend.Learn(
                    Flat(golden.Inputs[i]), Flat(golden.Targets[i]), golden.BatchSize, golden.Inputs[i][0].Length, dropoutKey: 0,
                        gradientScales: []);
                deviation.Compare($"loss {of}", golden.Steps[i].Loss, loss);
                deviation.Compare($"gradient norm {of}", golden.Steps[i].GradientNorm, backend.Optimizer.Clip(golden.ClipNorm));
                backend.Optimizer.Step();
            }
            foreach ((string name, GoldenTensor weight) in golden.ParametersAfter)
                deviation.Compare($"{name} after the last step ({golden})", weight, model.get_parameter(name)!);
            output.WriteLine($"{golden}: at most {deviation.Greatest:g3}, {deviation.Where}");
        }
    }

    // The kernels read forward only.
    private static bool Computes(Implementation implementation, GoldenCase golden) =>
        implementation != Implementation.Fused || !golden.Bidirectional;

    // As the trainer does, with the state carried from minibatch to minibatch.
    private void Compare(GoldenCase golden, Implementation implementation, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Build(golden, implementation, type);
        using IOptimizer update = implementation == Implementation.Custom
            ? new ScratchSgd(model.parameters(), golden.LearningRate)
            : new TorchOptimizer(OptimizerKind.Sgd, model.parameters(), golden.LearningRate);
        var deviation = new Deviation(Tolerances[type]);
        RecurrentState state = model.BeginState(golden.BatchSize);
        for (int i = 0; i < golden.Steps.Count; i++)
        {
            GoldenStep expected = golden.Steps[i];
            string of = $"of step {i + 1} ({golden}, {implementation}, {type})";

            (Tensor logits, state) = model.Forward(Ids(golden.Inputs[i]), state);
            Tensor loss = nn.functional.cross_entropy(logits, LanguageModel.StepByStep(Ids(golden.Targets[i])));
            update.ZeroGradients();
            loss.backward();
            if (expected.Logits is not null)
                deviation.Compare($"logits {of}", expected.Logits, logits);
            foreach ((string name, GoldenTensor gradient) in expected.Gradients ?? new Dictionary<string, GoldenTensor>())
                deviation.Compare($"gradient of {name} {of}", gradient, model.get_parameter(name)!.grad!);
            deviation.Compare($"gradient norm {of}", expected.GradientNorm, update.Clip(golden.ClipNorm));
            update.Step();

            deviation.Compare($"loss {of}", expected.Loss, loss.ToDouble());
            deviation.Compare($"perplexity {of}", expected.Perplexity, Math.Exp(loss.ToDouble()));
            Tensor[] states = state.Cell is null ? [state.Hidden] : [state.Hidden, state.Cell];
            Assert.Equal(expected.FinalState.Count, states.Length);
            for (int part = 0; part < states.Length; part++)
                deviation.Compare($"{(part == 0 ? "hidden" : "cell")} state {of}", expected.FinalState[part], states[part]);
            state = state.Detach();
        }
        foreach ((string name, GoldenTensor weight) in golden.ParametersAfter)
            deviation.Compare($"{name} after the last step ({golden}, {implementation}, {type})", weight, model.get_parameter(name)!);
        output.WriteLine($"{golden}, {implementation}, {type}: at most {deviation.Greatest:g3}, {deviation.Where}");
    }

    private static LanguageModel Build(GoldenCase golden, Implementation implementation, ScalarType type)
    {
        var config = new ModelConfig
        {
            Cell = golden.Cell,
            Implementation = implementation,
            NumLayers = golden.NumLayers,
            NumHiddens = golden.NumHiddens,
            Bidirectional = golden.Bidirectional,
            AllowLeak = golden.Bidirectional,
            GruForm = golden.Cell == CellKind.Gru ? GruForm.ResetAfter : null,
        };
        var model = new LanguageModel(config, golden.VocabSize);
        model.to(type);
        using IDisposable unrecorded = no_grad();
        Assert.Equal(golden.Parameters.Keys.Order(), model.named_parameters().Select(entry => entry.name).Order());
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            Assert.Equal(golden.Parameters[name].Shape, parameter.shape);
            parameter.copy_(tensor(golden.Parameters[name].Data, golden.Parameters[name].Shape));
        }
        return model;
    }

    private static Tensor Ids(int[][] rows) => TokenTensor.Of(Flat(rows), [rows.Length, rows[0].Length]);

    private static int[] Flat(int[][] rows) => [.. rows.SelectMany(row => row)];
}
