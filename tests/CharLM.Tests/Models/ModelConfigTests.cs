using CharLM.Models;

namespace CharLM.Tests.Models;

public sealed class ModelConfigTests
{
    [Fact]
    public void Default_Config_IsTheBooksGru()
    {
        var config = new ModelConfig();
        Assert.Equal((CellKind.Gru, 1, 256, 0, 0.0),
            (config.Cell, config.NumLayers, config.NumHiddens, config.EmbeddingSize, config.Dropout));
        config.Validate();
    }

    public static TheoryData<ModelConfig, string> Faulty => new()
    {
        { new() { NumLayers = 0 }, "layers must be 1 to 1000, not 0" },
        { new() { NumHiddens = -1 }, "hidden must be 1 to 65536, not -1" },
        { new() { EmbeddingSize = 70_000 }, "embedding must be 0 (one-hot) to 65536, not 70000" },
        { new() { NumLayers = 2, Dropout = 1 }, "dropout must be at least 0 and below 1, not 1" },
        { new() { NumLayers = 2, Dropout = double.NaN }, "dropout must be at least 0 and below 1, not NaN" },
        { new() { Dropout = 0.5 },
            "dropout acts between layers; with one layer it would do nothing: take --layers 2 or more, or --dropout 0" },
        { new() { GruForm = GruForm.ResetBefore },
            "gru-form reset-before exists only in the custom implementation: take --implementation custom, or reset-after" },
        { new() { Cell = CellKind.Lstm, GruForm = GruForm.ResetAfter }, "gru-form is for the gru cell, not for lstm" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Validate_Fault_NamesValueAndWayOut(ModelConfig config, string error) =>
        Assert.Equal([error], Assert.Throws<InvalidConfigException>(config.Validate).Errors);

    [Fact]
    public void Validate_SeveralFaults_NamesAllOfThem() =>
        Assert.Equal(3, new ModelConfig { NumLayers = 0, NumHiddens = 0, EmbeddingSize = -1 }.Errors().Count());

    [Theory]
    [InlineData(Implementation.Custom, GruForm.ResetBefore)]
    [InlineData(Implementation.BuiltIn, GruForm.ResetAfter)]
    public void EffectiveGruForm_NotGiven_IsTheImplementationsOwn(Implementation implementation, GruForm form) =>
        Assert.Equal(form, new ModelConfig { Implementation = implementation }.EffectiveGruForm);
}
