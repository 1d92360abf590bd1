using CharLM.Models;
using CharLM.Tests.Models;
using CharLM.Training;
using TorchSharp;

namespace CharLM.Tests.Training;

/// <summary>Freezing parts of a model by name.</summary>
public sealed class FrozenPartsTests
{
    private static readonly string[] Weights =
    [
        "embedding.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0_reverse", "rnn.bias_ih_l1", "rnn.weight_ih_l10", "encoder.l0.weight_ih_l0",
        "linear.weight", "linear.bias",
    ];

    private static readonly int[] Text = SmallModels.Text[..200];

    private static readonly TrainerConfig Training = new()
    {
        NumEpochs = 4,
        BatchSize = 3,
        NumSteps = 7,
        LearningRate = 0.05,
        WeightDecay = 0.1,
        ClipNorm = 0.05,
    };

    [Theory]
    [InlineData("embedding", "embedding.weight")]
    [InlineData("linear.bias", "linear.bias")]
    [InlineData("rnn.l0", "rnn.weight_ih_l0 rnn.weight_hh_l0_reverse")]
    [InlineData("rnn.l1", "rnn.bias_ih_l1")]
    [InlineData("rnn.weight_ih", "rnn.weight_ih_l0 rnn.weight_ih_l10")]
    [InlineData("encoder.l0, linear", "encoder.l0.weight_ih_l0 linear.weight linear.bias")]
    [InlineData("rnn.weight_ih_l1", "")]
    [InlineData("embed", "")]
    [InlineData(null, "")]
    public void Of_Names_AreWholePartsOfWeights(string? freeze, string expected) =>
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), FrozenParts.Of(freeze, Weights));

    [Theory]
    [InlineData("embedding,rnn.l0", null)]
    [InlineData("rnn.l2", "'rnn.l2': its parts are embedding, rnn.l0, rnn.l1, rnn.l10, encoder.l0.l0, linear")]
    [InlineData("linear,encoder,rnn,embedding", "nothing to train")]
    public void Errors_UnknownPartOrAllOfThem_NamesThem(string freeze, string? expected) =>
        Assert.Contains(expected ?? "", string.Join('\n', FrozenParts.Errors(freeze, Weights)), StringComparison.Ordinal);

    [Theory]
    [InlineData("embedding,,rnn")]
    [InlineData("")]
    public void Errors_EmptyName_IsOne(string freeze) =>
        Assert.Contains("freeze must name", Assert.Single(new TrainerConfig { Freeze = freeze }.Errors()), StringComparison.Ordinal);

    public static TheoryData<string, OptimizerKind> Cases =>
        [.. SmallModels.Networks.SelectMany(kind => Enum.GetValues<OptimizerKind>().Select(optimizer => (kind, optimizer)))];

    // A trainer that resumes from another one's state in the middle of an epoch ends with the same bits.
    [Theory, MemberData(nameof(Cases))]
    public void TrainEpoch_FrozenLayer_StaysToTheLastBitAndThawsForTheNextTrainer(string kind, OptimizerKind optimizer)
    {
        TrainerConfig config = Training with { Optimizer = optimizer, Freeze = "rnn.l0" };
        using LanguageModel model = SmallModels.Network(kind);
        Dictionary<string, float[]> before = Values(model);
        TrainerState? middle = null;
        Dictionary<string, float[]>? weights = null;
        using (var trainer = new Trainer(model, config, Text))
        {
            trainer.TrainEpoch(0, new After(5, () => (middle, weights) = (trainer.CopyState(), Values(model))));
        }
        Dictionary<string, float[]> after = Values(model);
        Assert.All(after, weight => Assert.True(
            weight.Key.EndsWith("_l0", StringComparison.Ordinal) == weight.Value.SequenceEqual(before[weight.Key]), weight.Key));
        Assert.All(model.parameters(), weight => Assert.True(weight.requires_grad));

        using LanguageModel other = SmallModels.Network(kind);
        foreach ((string name, TorchSharp.Modules.Parameter weight) in other.named_parameters())
        {
            using IDisposable unrecorded = torch.no_grad();
            weight.copy_(torch.tensor(weights![name], weight.shape));
        }
        using (var resumed = new Trainer(other, config, Text))
        {
            resumed.SetState(middle!);
            resumed.TrainEpoch(0);
        }
        Assert.All(Values(other), weight => Assert.Equal(after[weight.Key], weight.Value));
        using var next = new Trainer(model, config with { Freeze = null }, Text);
        next.TrainEpoch(0);
        Assert.All(Values(model), weight => Assert.NotEqual(after[weight.Key], weight.Value));
    }

    [Fact]
    public void Trainer_PartThatTheModelHasNot_IsRefused()
    {
        using LanguageModel model = SmallModels.Network("fused gru");
        Assert.Contains("rnn.l0, linear", Assert.Throws<InvalidConfigException>(
            () => new Trainer(model, Training with { Freeze = "embedding" }, SmallModels.Text)).Message, StringComparison.Ordinal);
        Assert.Contains("nothing to train", Assert.Throws<InvalidConfigException>(
            () => new Trainer(model, Training with { Freeze = "rnn,linear" }, SmallModels.Text)).Message, StringComparison.Ordinal);
        using var trainer = new Trainer(model, Training with { Freeze = "rnn" }, SmallModels.Text);
        foreach (string name in new[] { "linear.weight", "linear.bias" })
            model.get_parameter(name)!.requires_grad = false;
        Assert.Contains("frozen", Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(0)).Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, float[]> Values(LanguageModel model) =>
        model.named_parameters().ToDictionary(entry => entry.name, entry => FloatArray.Of(entry.parameter));

    private sealed class After(int step, Action act) : IProgress<StepReport>
    {
        public void Report(StepReport value)
        {
            if (value.Batch == step)
                act();
        }
    }
}
