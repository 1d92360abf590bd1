using CharLM.Models;
using CharLM.Models.Cells;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Bidirectional stacks; GoldenTests compares their values with PyTorch's.</summary>
public sealed class BidirectionalTests
{
    private const int Input = 4, Hidden = 3, Batch = 2, Steps = 5;

    public static TheoryData<CellKind, Implementation> Kinds =>
        [.. Enum.GetValues<CellKind>().SelectMany(cell => new[] { (cell, Implementation.Custom), (cell, Implementation.BuiltIn) })];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sequence_AsEncoder_GivesBothDirectionsSideBySide(CellKind cell, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumLayers = 2,
            NumHiddens = Hidden,
            Bidirectional = true,
        };
        IRecurrentLayer encoder = implementation == Implementation.Custom ? CustomLayer.Create(config, Input)
            : new BuiltInLayer(config, Input);
        using nn.Module weights = encoder.Weights;

        (Tensor outputs, RecurrentState state) = encoder.Sequence(randn(Steps, Batch, Input), encoder.ZeroState(Batch));

        Assert.Equal([Steps, Batch, 2 * Hidden], outputs.shape);
        Assert.Equal([4, Batch, Hidden], state.Hidden.shape);
        Assert.Equal(cell == CellKind.Lstm ? [4, Batch, Hidden] : null, state.Cell?.shape);
        // The forward half ends at the last step, the backward half at the first.
        Assert.True(allclose(outputs[Steps - 1].narrow(1, 0, Hidden), state.Hidden[2]));
        Assert.True(allclose(outputs[0].narrow(1, Hidden, Hidden), state.Hidden[3]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sequence_LastInputChanged_ChangesTheFirstOutputOnlyBackwards(CellKind cell, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        var config = new ModelConfig { Cell = cell, Implementation = implementation, NumHiddens = Hidden, Bidirectional = true };
        IRecurrentLayer encoder = implementation == Implementation.Custom ? CustomLayer.Create(config, Input)
            : new BuiltInLayer(config, Input);
        using nn.Module weights = encoder.Weights;
        using IDisposable unrecorded = no_grad();
        foreach (TorchSharp.Modules.Parameter parameter in weights.parameters())
            parameter.normal_(0, 0.5); // smaller ones carry hardly anything over five steps, and larger ones saturate the gates
        Tensor inputs = randn(Steps, Batch, Input), other = inputs.clone();
        other[Steps - 1].add_(1);

        Tensor before = encoder.Sequence(inputs, encoder.ZeroState(Batch)).Outputs[0],
            after = encoder.Sequence(other, encoder.ZeroState(Batch)).Outputs[0];

        Assert.True(allclose(before.narrow(1, 0, Hidden), after.narrow(1, 0, Hidden)));
        Assert.False(allclose(before.narrow(1, Hidden, Hidden), after.narrow(1, Hidden, Hidden)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Parameters_LanguageModel_HaveTheNamesAndShapesOfPyTorch(CellKind cell, Implementation implementation)
    {
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumLayers = 2,
            NumHiddens = Hidden,
            Bidirectional = true,
            AllowLeak = true,
        };
        using var model = new LanguageModel(config, 7);
        Assert.Equal(
            WeightShapes.Of(config, 7).OrderBy(entry => entry.Key, StringComparer.Ordinal)
                .Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]"),
            model.named_parameters().OrderBy(entry => entry.name, StringComparer.Ordinal)
                .Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]"));
        Assert.Equal(2 * Hidden, model.get_parameter("linear.weight")!.shape[1]);
        Assert.Equal(2 * Hidden, model.get_parameter("rnn.weight_ih_l1_reverse")!.shape[1]);
    }

    [Fact]
    public void Create_LanguageModelWithoutAllowLeak_IsRefusedWithTheReason()
    {
        var e = Assert.Throws<InvalidConfigException>(
            () => new LanguageModel(new ModelConfig { Implementation = Implementation.BuiltIn, Bidirectional = true }, 7));
        Assert.Equal(
            ["a bidirectional language model would see the characters that it predicts, and its perplexity would mean nothing: leave "
                + "bidirectional out, or take --allow-leak for the book's exercise"],
            e.Errors);
    }

    [Fact]
    public void Validate_AllowLeakWithoutBidirectional_IsRefused() =>
        Assert.Equal(["allow-leak is for bidirectional models; this one sees nothing of what it predicts"],
            new ModelConfig { AllowLeak = true }.Errors());

    [Fact]
    public void LeakLabel_OnlyBidirectionalModels_HaveOne()
    {
        Assert.Null(new ModelConfig().LeakLabel);
        Assert.Contains("sees the tokens that it predicts", new ModelConfig { Bidirectional = true, AllowLeak = true }.LeakLabel,
            StringComparison.Ordinal);
    }
}
