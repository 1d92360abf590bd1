using CharLM.Models;
using CharLM.Training;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Configuration;

public sealed class RunConfigFileTests
{
    private static RunConfig Parse(string yaml) => RunConfigFile.Parse(yaml, "run.yaml");

    public static TheoryData<string> Names => [.. RunConfigFile.Presets];

    [Theory]
    [MemberData(nameof(Names))]
    public void ReadPreset_AnyPreset_IsValid(string name) => RunConfigFile.ReadPreset(name).Validate();

    [Fact]
    public void ReadPreset_BooksGru_IsTheDefault() => Assert.Equal(new RunConfig(), RunConfigFile.ReadPreset("d2l-gru"));

    [Theory]
    [InlineData("d2l-rnn-scratch", CellKind.Rnn, Implementation.Custom, 512, 1, 1.0)]
    [InlineData("d2l-deep-lstm", CellKind.Lstm, Implementation.Fused, 256, 2, 2.0)]
    [InlineData("d2l-lstm-32-layers", CellKind.Lstm, Implementation.Fused, 256, 32, 2.0)]
    [InlineData("d2l-v1-deep-gru", CellKind.Gru, Implementation.Fused, 32, 2, 2.0)]
    public void ReadPreset_Book_HasItsNumbers(
        string name, CellKind cell, Implementation implementation, int hidden, int layers, double learningRate)
    {
        RunConfig config = RunConfigFile.ReadPreset(name);
        Assert.Equal((cell, implementation, hidden, layers, learningRate),
            (config.Model.Cell, config.Model.Implementation, config.Model.NumHiddens, config.Model.NumLayers,
                config.Training.LearningRate));
    }

    [Fact]
    public void ReadPreset_UnknownName_NamesTheNearest() =>
        Assert.Contains("did you mean 'd2l-gru'?", Assert.Throws<InvalidConfigException>(() => RunConfigFile.ReadPreset("d2l_gru")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Write_AnyConfig_ReadsBackTheSame()
    {
        var config = new RunConfig
        {
            Prefix = "a \"quoted\": # text\n",
            Patience = 3,
            Text = new() { ValidationFraction = 0.1 },
            Model = new() { Cell = CellKind.Lstm, ForgetBias = 1.5, Init = WeightInit.Orthogonal, Dropout = 0.1, NumLayers = 2 },
            Training = new()
            {
                Optimizer = OptimizerKind.AdamW,
                LearningRate = 1e-3,
                Seed = -9,
                Schedule = new() { Kind = ScheduleKind.Plateau },
            },
        };
        Assert.Equal(config, Parse(RunConfigFile.Write(config)));
    }

    [Fact]
    public void Parse_SomeKeys_LeavesTheOthersAsTheyWere()
    {
        RunConfig under = new() { Model = new() { NumHiddens = 7, NumLayers = 3 } };
        RunConfig config = RunConfigFile.Parse("model:\n  num_layers: 2\ntraining: {learning_rate: 0.5}\n", "x", under);
        Assert.Equal((7, 2, 0.5), (config.Model.NumHiddens, config.Model.NumLayers, config.Training.LearningRate));
    }

    public static TheoryData<string, int, string> Faulty => new()
    {
        { "modell: {}", 1, "unknown key 'modell'; did you mean 'model'?" },
        { "model:\n  cell: gru\n  hiden: 3", 3, "unknown key 'hiden'" },
        { "model:\n  cell: grru", 2, "cell takes one of rnn, gru, lstm" },
        { "model: 3", 1, "model takes keys with values" },
        { "training:\n  learning_rate: fast", 2, "learning_rate takes a finite number, not 'fast'" },
        { "training:\n  learning_rate: .nan", 2, "learning_rate takes a finite number" },
        { "training:\n  num_epochs: 1.5", 2, "num_epochs takes a whole number, not '1.5'" },
        { "training:\n  num_epochs: 99999999999", 2, "num_epochs takes a whole number" },
        { "training:\n  num_epochs: [1, 2]", 2, "num_epochs takes a whole number" },
        { "model:\n  tie_weights: maybe", 2, "tie_weights takes true or false, not 'maybe'" },
        { "model: {cell: gru}\nmodel: {cell: rnn}", 2, "is not YAML" },
        { "- a\n- b", 1, "holds no keys with values" },
        { "model: {cell: gru", 2, "is not YAML" },
        { "a: &x 1\nb: *x", 2, "uses an alias" },
        { "[[[[[[[[[[[[[[[[[[[[", 1, "nested deeper than 16 levels" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Parse_Fault_NamesLineAndWayOut(string yaml, int line, string problem)
    {
        var e = Assert.Throws<ConfigFileException>(() => Parse(yaml));
        Assert.Equal(line, e.Line);
        Assert.StartsWith($"run.yaml:{line}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Empty_IsTheDefault() => Assert.Equal(new RunConfig(), Parse("# nothing\n"));

    [Fact]
    public void Read_MissingFileOrFolder_SaysSo()
    {
        Assert.Contains("no such file", Assert.Throws<ConfigFileException>(() => RunConfigFile.Read("/no/where.yaml")).Message,
            StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<ConfigFileException>(() => RunConfigFile.Read(Path.GetTempPath())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_HugeFile_IsRefused()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, new string('#', (1 << 20) + 1));
        Assert.Contains("larger than", Assert.Throws<ConfigFileException>(() => RunConfigFile.Read(path)).Message,
            StringComparison.Ordinal);
        File.Delete(path);
    }
}
