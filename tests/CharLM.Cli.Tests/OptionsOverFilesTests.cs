using CharLM.Cli.Tests.Processes;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Tests;

/// <summary>Options override a configuration file, on as well as off.</summary>
public sealed class OptionsOverFilesTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    public static TheoryData<string, string, string, string> Flags => new()
    {
        { "model: {tie_weights: true, embedding_size: 8, num_hiddens: 8}", "--tie-weights", "false", "tie_weights: false" },
        { "model: {embedding_size: 8, num_hiddens: 8}", "--tie-weights", "", "tie_weights: true" },
        { "model: {output_dropout: 0.5, locked_dropout: true}", "--locked-dropout", "false", "locked_dropout: false" },
        { "training: {momentum: 0.9, nesterov: true}", "--nesterov", "false", "nesterov: false" },
        { "extend_vocab: true", "--extend-vocab", "false", "extend_vocab: false" },
        { "model: {allow_leak: true}", "--allow-leak", "false", "allow_leak: false" },
        { "model: {bidirectional: true, allow_leak: true}", "--bidirectional", "false --allow-leak false", "bidirectional: false" },
    };

    [Theory, MemberData(nameof(Flags))]
    public async Task PrintConfig_FlagOverAFile_IsAsGiven(string file, string option, string value, string expected)
    {
        _sandbox.Write("run.yaml", file);
        string output = (await _sandbox.RunAsync(
            ["train", "--config", "run.yaml", option, .. value.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--print-config"]))
                .Succeeded().Output;
        Assert.Contains(expected + "\n", output, StringComparison.Ordinal);
    }

    // Every new flag needs a case here.
    [Fact]
    public void Flags_OfAllSettings_AreTheOnesThatAreTried() =>
        Assert.Equal(
            [nameof(ModelConfig.AllowLeak), nameof(ModelConfig.Bidirectional), nameof(RunConfig.ExtendVocab),
                nameof(ModelConfig.LockedDropout), nameof(TrainerConfig.Nesterov), nameof(ModelConfig.TieWeights)],
            new[] { typeof(RunConfig), typeof(TextConfig), typeof(ModelConfig), typeof(TrainerConfig), typeof(ScheduleConfig) }
                .SelectMany(type => type.GetProperties())
                    .Where(property => property is { PropertyType: var type, CanWrite: true } && type == typeof(bool))
                        .Select(property => property.Name).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("model: {attention: dot}", "attention: dot", "--attention", "none")]
    [InlineData("model: {gru_form: reset-after}", "gru_form: reset-after", "--gru-form", "default")]
    [InlineData("model: {init: normal}", "init: normal", "--init", "default")]
    [InlineData("model: {cell: lstm, forget_bias: 1}", "forget_bias: 1", "--forget-bias", "default")]
    public async Task PrintConfig_SettingTakenBack_IsGone(string file, string setting, string option, string value)
    {
        _sandbox.Write("run.yaml", file);
        Outcome[] outcomes = await _sandbox.RunEachAsync(
            [["train", "--config", "run.yaml", "--print-config"], ["train", "--config", "run.yaml", option, value, "--print-config"]]);
        Assert.Contains(setting + "\n", outcomes[0].Succeeded().Output, StringComparison.Ordinal);
        Assert.DoesNotContain(setting, outcomes[1].Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PrintConfig_OfPairs_TakesBackWhatIsHeldOutAndKeepsTheFilesForcing()
    {
        _sandbox.Write("run.yaml",
            "kind: translator\ndata: a.tsv\nvalidation: b.tsv\nmodel: {teacher_forcing: 1, teacher_forcing_end: 0.5}");
        string output = (await _sandbox.RunAsync(
            "seq2seq", "train", "--config", "run.yaml", "--validation", "none", "--teacher-forcing", "0.9", "--print-config"))
                .Succeeded().Output;
        Assert.DoesNotContain("validation:", output, StringComparison.Ordinal);
        Assert.Contains("teacher_forcing: 0.9\n", output, StringComparison.Ordinal);
        Assert.Contains("teacher_forcing_end: 0.5\n", output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("train", "--attention", "non", "--print-config"))
            .Refused(2, "--attention takes one of additive|concat|dot|none".Split('|')[0]);
    }
}
