using CharLM.Models;
using CharLM.Randomness;
using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Sequences of different lengths: torch's packed sequences are the reference, and padding must not matter.</summary>
public sealed class SequenceEncoderTests
{
    private const int Input = 4, Hidden = 5;

    private static readonly long[] Lengths = [3, 7, 1, 7, 5];

    public static TheoryData<CellKind, Implementation, bool> Kinds =>
    [
        .. Enum.GetValues<CellKind>()
            .SelectMany(cell => Enum.GetValues<Implementation>()
                .SelectMany(implementation => new[] { (cell, implementation, false), (cell, implementation, true) })),
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_DifferentLengths_HasOutputsStatesAndGradientsOfPackedSequences(
        CellKind cell, Implementation implementation, bool bidirectional)
    {
        using DisposeScope scope = NewDisposeScope();
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumLayers = 2,
            NumHiddens = Hidden,
            Bidirectional = bidirectional,
            GruForm = cell == CellKind.Gru ? GruForm.ResetAfter : null, // the form of torch.nn
        };
        using var encoder = new SequenceEncoder(config, Input);
        var packed = new BuiltInLayer(config, Input);
        Fill(encoder, packed);
        Tensor inputs = randn(9, Lengths.Length, Input), mix = randn(9, Lengths.Length, config.OutputSize),
            mixState = randn(2 * config.NumDirections, Lengths.Length, Hidden);
        Tensor own = inputs.clone().requires_grad_(true), theirs = inputs.clone().requires_grad_(true);

        (Tensor outputs, RecurrentState state) = encoder.Forward(own, Lengths);
        (Tensor expected, Tensor hidden, Tensor? cells) = Packed(packed.Weights, theirs);

        Assert.True(allclose(outputs, expected, 1e-4, 1e-5), "outputs");
        Assert.True(allclose(state.Hidden, hidden, 1e-4, 1e-5), "hidden state");
        Assert.Equal(cells is null, state.Cell is null);
        Assert.True(cells is null || allclose(state.Cell!, cells, 1e-4, 1e-5), "cell state");
        ((outputs * mix).sum() + (state.Hidden * mixState).sum()).backward();
        ((expected * mix).sum() + (hidden * mixState).sum()).backward();
        Assert.True(allclose(own.grad!, theirs.grad!, 1e-4, 1e-5), "gradient of the input");
        foreach ((string name, Parameter parameter) in encoder.named_parameters())
            Assert.True(allclose(parameter.grad!, packed.Weights.get_parameter(TorchName(name))!.grad!, 1e-4, 1e-5), name);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_PastTheLength_IsExactlyZeroAndTheStateIsThatOfTheLastStep(
        CellKind cell, Implementation implementation, bool bidirectional)
    {
        using DisposeScope scope = NewDisposeScope();
        using SequenceEncoder encoder = Create(cell, implementation, bidirectional, layers: 1);
        (Tensor outputs, RecurrentState state) = encoder.Forward(randn(9, Lengths.Length, Input), Lengths);
        Assert.Equal([9, Lengths.Length, Hidden * (bidirectional ? 2 : 1)], outputs.shape);
        for (int row = 0; row < Lengths.Length; row++)
        {
            long length = Lengths[row];
            Assert.Equal(0, outputs[.., row].narrow(0, length, 9 - length).abs().max().ToDouble());
            Assert.True(allclose(outputs[length - 1, row].narrow(0, 0, Hidden), state.Hidden[0, row]));
            if (bidirectional)
                Assert.True(allclose(outputs[0, row].narrow(0, Hidden, Hidden), state.Hidden[1, row]));
        }
    }

    [Theory]
    [InlineData(CellKind.Gru, Implementation.Fused)]
    [InlineData(CellKind.Lstm, Implementation.Fused)]
    [InlineData(CellKind.Lstm, Implementation.BuiltIn)]
    public void Forward_AnyBatchMatesAndPadding_GivesWhatTheRowGivesAlone(CellKind cell, Implementation implementation)
    {
        using SequenceEncoder encoder = Create(cell, implementation, bidirectional: true, layers: 2);
        Prop.ForAll(Gen.NonEmptyListOf(Gen.Choose(1, 12)).ToArbitrary(), Gen.Choose(0, 4).ToArbitrary(), (lengths, padding) =>
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable unrecorded = no_grad();
            long[] all = [.. lengths.Select(length => (long)length)];
            Tensor inputs = randn(all.Max() + padding, all.Length, Input);
            (Tensor outputs, RecurrentState state) = encoder.Forward(inputs, all);
            int row = (int)(new RandomStream(padding, "row", all.Length).NextBits() % (ulong)all.Length);
            (Tensor alone, RecurrentState stateAlone) = encoder.Forward(inputs.narrow(0, 0, all[row]).narrow(1, row, 1), [all[row]]);
            return allclose(outputs.narrow(0, 0, all[row]).narrow(1, row, 1), alone, 1e-5, 1e-6)
                && allclose(state.Hidden.narrow(1, row, 1), stateAlone.Hidden, 1e-5, 1e-6)
                && (state.Cell is null || allclose(state.Cell.narrow(1, row, 1), stateAlone.Cell!, 1e-5, 1e-6));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(12));
    }

    [Fact]
    public void Backward_DifferentLengths_HasTheGradientsOfFiniteDifferences()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        using SequenceEncoder encoder = Create(CellKind.Lstm, Implementation.BuiltIn, bidirectional: true, layers: 1, hidden: 2);
        encoder.to(ScalarType.Float64);
        Tensor inputs = randn(3, 2, Input, dtype: ScalarType.Float64).requires_grad_(true);
        FiniteDifferences.Check(
            () =>
            {
                (Tensor outputs, RecurrentState state) = encoder.Forward(inputs, [1, 3]);
                return outputs.square().sum() + state.Hidden.sum() + state.Cell!.square().sum();
            },
            new Dictionary<string,
                Tensor>(encoder.named_parameters()
                    .Select(entry => new KeyValuePair<string, Tensor>(entry.name, entry.parameter)))
            { ["inputs"] = inputs });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Forward_LengthOutsideTheSteps_IsRefused(long length)
    {
        using DisposeScope scope = NewDisposeScope();
        using SequenceEncoder encoder = Create(CellKind.Gru, Implementation.BuiltIn, bidirectional: false, layers: 1);
        var e = Assert.Throws<ArgumentException>(() => encoder.Forward(randn(9, 2, Input), [9, length]));
        Assert.Contains($"must have 1 to 9 real ones, not {length}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reverse_DifferentLengths_TurnsEachRowWithinItsLength()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = tensor(new long[] { 1, 2, 3, 0, 4, 0, 0, 0 }, [2, 4]);
        Tensor turned = VariableLengths.Reverse(rows.t().unsqueeze(-1), [3, 1]).squeeze(-1).t();
        Assert.True(turned.eq(tensor(new long[] { 3, 2, 1, 0, 4, 0, 0, 0 }, [2, 4])).all().item<bool>());
    }

    private static SequenceEncoder Create(
        CellKind cell, Implementation implementation, bool bidirectional, int layers, int hidden = Hidden) => new(
        new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumLayers = layers,
            NumHiddens = hidden,
            Bidirectional = bidirectional
        }, Input);

    // Larger weights, since a custom layer's initial ones carry hardly anything over several steps.
    private static void Fill(SequenceEncoder encoder, BuiltInLayer packed)
    {
        using IDisposable unrecorded = no_grad();
        foreach ((string name, Parameter parameter) in encoder.named_parameters())
        {
            parameter.normal_(0, 0.5);
            packed.Weights.get_parameter(TorchName(name))!.copy_(parameter);
        }
    }

    // l1_reverse.weight_ih_l0 is torch's weight_ih_l1_reverse.
    private static string TorchName(string name)
    {
        string[] parts = name.Split('.');
        return parts[1].Replace("l0", parts[0], StringComparison.Ordinal);
    }

    private static (Tensor Outputs, Tensor Hidden, Tensor? Cell) Packed(nn.Module layer, Tensor inputs)
    {
        nn.utils.rnn.PackedSequence packed = nn.utils.rnn.pack_padded_sequence(inputs, tensor(Lengths), enforce_sorted: false);
        (nn.utils.rnn.PackedSequence outputs, Tensor hidden, Tensor? cell) = layer switch
        {
            RNN rnn => With(rnn.call(packed)),
            GRU gru => With(gru.call(packed)),
            _ => ((LSTM)layer).call(packed),
        };
        return (nn.utils.rnn.pad_packed_sequence(outputs, total_length: inputs.shape[0]).Item1, hidden, cell);
    }

    private static (nn.utils.rnn.PackedSequence Outputs, Tensor Hidden, Tensor? Cell) With(
        (nn.utils.rnn.PackedSequence Outputs, Tensor Hidden) read) => (read.Outputs, read.Hidden, null);
}
