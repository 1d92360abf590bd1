using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Torch;
using CharLM.Workbench.Gradients;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Workbench.Gradients;

/// <summary>Gradients back in time, against products of Jacobians and difference quotients.</summary>
public sealed class GradientFlowTests
{
    private const int Size = 5, Hidden = 4, Distance = 12;

    // A row reads 13 tokens; the 14th is the target of the loss.
    private static readonly int[] Row = [1, 2, 3, 4, 0, 2, 1, 3, 3, 0, 4, 1, 2, 3];

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Fused)]
    public void Measure_LinearNetwork_IsTheProductOfItsJacobians(Implementation implementation)
    {
        // A ReLU network whose sums are all positive is linear: dL/dh_t = (W_hh^T)^d W^T (softmax - one-hot).
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        using var model = new LanguageModel(
            new ModelConfig
            {
                Cell = CellKind.Rnn,
                RnnActivation = RnnActivation.Relu,
                Implementation = implementation,
                NumHiddens = Hidden
            }, Size);
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in model.named_parameters())
            {
                if (name.StartsWith("rnn.", StringComparison.Ordinal))
                    parameter.uniform_(0.05, 0.35);
            }
        }
        double[] softmax = [.. model.forward(TokenTensor.Of(Row.AsSpan(..^1), [1, Row.Length - 1]), model.BeginState(1))
            .Logits[Row.Length - 2].softmax(0).data<float>().ToArray().Select(value => (double)value)];
        softmax[Row[^1]] -= 1;
        double[,] output = Matrix(model.get_parameter("linear.weight")!), recurrent = Matrix(model.get_parameter("rnn.weight_hh_l0")!);
        double[] gradient = TransposedTimes(output, softmax);

        FlowCurve curve = Assert.Single(GradientFlow.Measure(model, Row, 1));

        Assert.Equal((0, "hidden", Distance), (curve.Layer, curve.State, curve.Norms.Count));
        for (int distance = 1; distance <= Distance; distance++)
        {
            gradient = TransposedTimes(recurrent, gradient);
            double expected = Math.Sqrt(gradient.Sum(value => value * value));
            Assert.Equal(expected, curve.Norms[distance - 1], expected * 1e-4);
        }
        // In the long run, each step multiplies by the greatest eigenvalue.
        Assert.Equal(RecurrentSpectrum.Of(model, 1)[0].Radius, curve.Norms[^1] / curve.Norms[^2], 1e-3);
    }

    public static TheoryData<ModelConfig> Configs => new()
    {
        new ModelConfig { Cell = CellKind.Lstm, Implementation = Implementation.Custom, NumLayers = 2 },
        new ModelConfig { Cell = CellKind.Gru, Implementation = Implementation.Fused, NumLayers = 2 },
        new ModelConfig { Cell = CellKind.Lstm, Implementation = Implementation.Fused },
        new ModelConfig { Cell = CellKind.Gru, Variant = CellVariant.Minimal, Implementation = Implementation.Custom },
        new ModelConfig { Cell = CellKind.Esn, Implementation = Implementation.Custom, NumLayers = 2, LeakRate = 0.7 },
        new ModelConfig
        {
            Cell = CellKind.Rnn,
            Implementation = Implementation.BuiltIn,
            Attention = AttentionKind.Additive,
            AttentionWindow = 4,
        },
        new ModelConfig
        {
            Cell = CellKind.Gru,
            Implementation = Implementation.Fused,
            NumLayers = 2,
            Attention = AttentionKind.Dot,
            AttentionWindow = 20,
        },
    };

    [Theory]
    [MemberData(nameof(Configs))]
    public void Measure_AnyModel_GivesTheDifferenceQuotientsOfTheLoss(ModelConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(4);
        config = config with { NumHiddens = Hidden, Init = WeightInit.Xavier };
        using var model = new LanguageModel(config, Size);

        IReadOnlyList<FlowCurve> curves = GradientFlow.Measure(model, Row, 1);

        // The same weights in double precision, where difference quotients are accurate.
        using var exact = new LanguageModel(config with { Implementation = Implementation.Custom, GruForm = model.Config.GruForm }, Size);
        exact.to(ScalarType.Float64);
        using IDisposable unrecorded = no_grad();
        foreach ((string name, Parameter parameter) in exact.named_parameters())
            parameter.copy_(model.get_parameter(name)!);
        Assert.Equal(config.NumLayers * (config.HasCellState ? 2 : 1), curves.Count);
        foreach (FlowCurve curve in curves)
        {
            foreach (int distance in new[] { 1, 3, Distance })
            {
                double expected = Quotients(exact, curve, distance);
                Assert.True(Math.Abs(expected - curve.Norms[distance - 1]) < 1e-3 * expected + 1e-7,
                    $"{curve.State} of layer {curve.Layer}, {distance} steps: {curve.Norms[distance - 1]}, not {expected}");
            }
        }
    }

    [Fact]
    public void Measure_TwoRows_GivesTheMeanOfTheirNorms()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig { NumHiddens = Hidden }, Size);
        int[] other = [.. Row.Reverse()];
        double[] one = [.. GradientFlow.Measure(model, Row, 1)[0].Norms], two = [.. GradientFlow.Measure(model, other, 1)[0].Norms];
        IReadOnlyList<double> both = GradientFlow.Measure(model, (int[])[.. Row, .. other], 2)[0].Norms;
        Assert.Equal(one.Zip(two, (a, b) => (a + b) / 2), both, (a, b) => Math.Abs(a - b) < 1e-5 * a + 1e-9);
        Assert.All(model.parameters(), parameter => Assert.Null(parameter.grad));
        Assert.Throws<ArgumentException>(() => GradientFlow.Measure(model, [1, 2], 1));
    }

    [Theory]
    [InlineData(new[] { 8.0, 4, 2, 1 }, 0.5)]
    [InlineData(new[] { 1.0, 0 }, double.NaN)]
    [InlineData(new[] { 1.0, double.PositiveInfinity }, double.NaN)]
    [InlineData(new[] { 1.0 }, double.NaN)]
    [InlineData(new[] { 1.0, 1e-10, 1e-20, 1e-30, 1e-38, 1e-45, 0 }, 1e-10)]
    [InlineData(new[] { 1.0, 1e10, 1e20, 1e30, 1e38, double.PositiveInfinity }, 1e10)]
    [InlineData(new[] { 1e-33, 1e-34, 1e-35 }, double.NaN)]
    public void RatePerStep_OfACurve_IsItsGeometricMean(double[] norms, double expected) =>
        Assert.Equal(expected, new FlowCurve(0, "hidden", norms).RatePerStep, (a, b) => Equals(a, b) || Math.Abs(a / b - 1) < 1e-12);

    // Far back the norms underflow float32: the rate over more steps is that of the steps above zero.
    [Fact]
    public void RatePerStep_FurtherThanFloat32Holds_IsThatOfTheStepsThatItHolds()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 16 }, Size);
        int[] text = [.. Enumerable.Range(0, 402).Select(i => 1 + (i * i % (Size - 1)))];
        FlowCurve near = GradientFlow.Measure(model, text.AsSpan(300), 1)[0], far = GradientFlow.Measure(model, text, 1)[0];
        Assert.InRange(far.Reach, 60, 399);
        Assert.True(far.Norms[^1] < 1e-37);
        Assert.Equal(Math.Pow(near.Norms[49] / near.Norms[0], 1 / 49.0), far.RatePerStep, 0.02);
    }

    [Fact]
    public void Spectrum_OfKnownMatrices_IsTheirs()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 2 }, Size);
        using (no_grad())
        {
            // Input: a rotation scaled by 1/2; forget: 2 times the identity; candidate: nilpotent; output: zero.
            model.get_parameter("rnn.weight_hh_l0")!.copy_(
                tensor(new float[] { 0, -0.5f, 0.5f, 0, 2, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0 }, new long[] { 8, 2 }));
        }

        IReadOnlyList<GateSpectrum> spectra = RecurrentSpectrum.Of(model, 10);

        Assert.Equal(["input", "forget", "candidate", "output"], spectra.Select(spectrum => spectrum.Gate));
        Assert.Equal([0.5, 2, 0, 0], spectra.Select(spectrum => spectrum.Radius), (a, b) => Math.Abs(a - b) < 1e-7);
        Assert.Equal([1, 2, 4, 8], spectra[0].Powers.Select(power => power.Exponent));
        Assert.Equal([0.5, 0.25, 0.0625, 1 / 256.0], spectra[0].Powers.Select(power => power.Norm), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(256, spectra[1].Powers[^1].Norm, 1e-9);
        Assert.Equal([3.0, 0, 0, 0], spectra[2].Powers.Select(power => power.Norm)); // grows once, then vanishes, which no eigenvalue shows
        Assert.Equal(0.5, Math.Abs(spectra[0].Eigenvalues[1].Imaginary), 1e-7);
    }

    private static double Quotients(LanguageModel model, FlowCurve curve, int distance)
    {
        const double Little = 1e-5;
        int steps = Row.Length - 1;
        (_, RecurrentState state) = model.forward(
            TokenTensor.Of(Row.AsSpan(..(steps - distance)), [1, steps - distance]), model.BeginState(1));
        double squares = 0;
        for (int unit = 0; unit < Hidden; unit++)
        {
            double quotient = (Loss(unit, Little) - Loss(unit, -Little)) / (2 * Little);
            squares += quotient * quotient;
        }
        return Math.Sqrt(squares);

        double Loss(int unit, double change)
        {
            Tensor hidden = state.Hidden.clone();
            Tensor? cell = state.Cell?.clone(), memory = state.Memory?.clone();
            (curve.State == "cell" ? cell! : hidden)[curve.Layer, 0, unit].add_(change);
            // Later steps also attend to the last layer's state.
            if (memory is not null && curve.Layer == model.Config.NumLayers - 1)
                memory[memory.size(0) - 1, 0, unit].add_(change);
            (Tensor logits, _) = model.forward(
                TokenTensor.Of(Row.AsSpan((steps - distance)..^1), [1, distance]), new RecurrentState(hidden, cell, memory));
            return nn.functional.cross_entropy(logits.narrow(0, distance - 1, 1), TokenTensor.Of([Row[^1]], [1])).ToDouble();
        }
    }

    private static double[,] Matrix(Tensor tensor)
    {
        var matrix = new double[tensor.size(0), tensor.size(1)];
        for (int row = 0; row < matrix.GetLength(0); row++)
        {
            for (int column = 0; column < matrix.GetLength(1); column++)
                matrix[row, column] = tensor[row, column].ToDouble();
        }
        return matrix;
    }

    private static double[] TransposedTimes(double[,] matrix, double[] vector) =>
        [.. Enumerable.Range(0, matrix.GetLength(1))
            .Select(column => Enumerable.Range(0, vector.Length).Sum(row => matrix[row, column] * vector[row]))];
}
