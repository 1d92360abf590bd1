using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>The state that the kernels carry from minibatch to minibatch: copying, setting and resetting it.</summary>
public sealed class FusedStateTests
{
    private const int Vocab = 7, Batch = 3, Steps = 4;

    public static TheoryData<CellKind> Cells => [.. Enum.GetValues<CellKind>()];

    [Theory]
    [MemberData(nameof(Cells))]
    public void SetState_OfAnotherNetwork_GoesOnAsThatOne(CellKind cell)
    {
        using var test = new Network(cell);
        using FusedNetwork one = test.Open(), other = test.Open();
        one.Learn(test.Inputs, test.Targets, Batch, Steps, dropoutKey: 0);
        (float[] hidden, float[] cells) = one.Stack.CopyState();
        Assert.Equal(2 * Batch * Network.Hidden, hidden.Length);
        Assert.Equal(cell == CellKind.Lstm ? hidden.Length : 0, cells.Length);
        Assert.All(cells, value => Assert.NotEqual(0, value));
        other.Stack.SetState(Batch, hidden, cells);
        Assert.Equal(hidden, other.Stack.CopyState().Hidden);
        Assert.Equal(cells, other.Stack.CopyState().Cell);
        double expected = one.Learn(test.Inputs, test.Targets, Batch, Steps, dropoutKey: 0);
        Assert.Equal(expected, other.Learn(test.Inputs, test.Targets, Batch, Steps, dropoutKey: 0));
        Assert.NotEqual(expected, test.Fresh(Batch));
    }

    // A minibatch of another size starts from zero, since its rows are different.
    [Theory]
    [MemberData(nameof(Cells))]
    public void Learn_AnotherBatchSize_BeginsAtZero(CellKind cell)
    {
        using var test = new Network(cell);
        using FusedNetwork network = test.Open();
        foreach (int batch in new[] { Batch, 2, 1, Batch, 2 })
        {
            Assert.Equal(test.Fresh(batch), network.Learn(test.Inputs.AsSpan(0, batch * Steps), test.Targets.AsSpan(0, batch * Steps),
                batch, Steps, dropoutKey: 0));
            // The same size again continues.
            Assert.NotEqual(test.Fresh(batch), network.Learn(test.Inputs.AsSpan(0, batch * Steps), test.Targets.AsSpan(0, batch * Steps),
                batch, Steps, dropoutKey: 0));
        }
    }

    // A forward pass does not pack what only the backward pass needs; a training step after it must.
    [Theory]
    [MemberData(nameof(Cells))]
    public void Learn_AfterMeasuring_HasTheGradientsOfLearningAlone(CellKind cell)
    {
        using var test = new Network(cell);
        using FusedNetwork alone = test.Open(), after = test.Open();
        alone.Learn(test.Inputs, test.Targets, Batch, Steps, dropoutKey: 0);
        Dictionary<string, float[]> expected = test.Gradients();
        for (int i = 0; i < 2; i++)
        {
            after.Stack.ZeroState();
            after.Measure(test.Inputs, test.Targets, Batch, Steps);
            after.Measure(test.Inputs, test.Targets, Batch, Steps);
            after.Stack.ZeroState();
            after.Learn(test.Inputs, test.Targets, Batch, Steps, dropoutKey: 0);
            Assert.All(test.Gradients(), entry => Assert.Equal(expected[entry.Key], entry.Value));
        }
    }

    private sealed class Network : IDisposable
    {
        public const int Hidden = 9;

        private readonly LanguageModel _model;
        private readonly RawWeights _raw;
        private readonly Workers _workers = new(1);

        public Network(CellKind cell)
        {
            manual_seed(4);
            _model = new LanguageModel(new ModelConfig
            {
                Cell = cell,
                NumHiddens = Hidden,
                NumLayers = 2,
                EmbeddingSize = 5,
                Implementation = Implementation.BuiltIn
            }, Vocab);
            _raw = new RawWeights(_model);
            var random = new Random(1);
            (Inputs, Targets) = ([.. Enumerable.Range(0, Batch * Steps).Select(_ => random.Next(Vocab))],
                [.. Enumerable.Range(0, Batch * Steps).Select(_ => random.Next(Vocab))]);
        }

        public int[] Inputs { get; }

        public int[] Targets { get; }

        public FusedNetwork Open() => new(_model.Config, Vocab, _raw, _workers);

        /// <summary>The loss of the first rows in a fresh network.</summary>
        public double Fresh(int batch)
        {
            using FusedNetwork network = Open();
            return network.Learn(Inputs.AsSpan(0, batch * Steps), Targets.AsSpan(0, batch * Steps), batch, Steps, dropoutKey: 0);
        }

        public unsafe Dictionary<string, float[]> Gradients() =>
            _raw.All.ToDictionary(weight => weight.Name, weight => new ReadOnlySpan<float>(weight.Gradient, weight.Length).ToArray());

        public void Dispose()
        {
            _raw.Dispose();
            _workers.Dispose();
            _model.Dispose();
        }
    }
}
