using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class GenerateTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose()
    {
        Assert.Empty(_sandbox.Files());
        _sandbox.Dispose();
    }

    [Fact]
    public async Task Generate_Greedy_IsTheSameEveryTime()
    {
        Outcome first = await GenerateAsync("--length", "60");
        Assert.Equal(first, await GenerateAsync("--length", "60", "--seed", "9"));
        Assert.Empty(first.Error);
        Assert.StartsWith("time traveller for so it will be", first.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_AtATemperature_DependsOnTheSeedAlone()
    {
        Outcome first = await GenerateAsync("--temperature", "1.5", "--seed", "1");
        Assert.Equal(first, await GenerateAsync("--temperature", "1.5", "--seed", "1"));
        Assert.NotEqual(first.Output, (await GenerateAsync("--temperature", "1.5", "--seed", "2")).Output);
    }

    [Fact]
    public async Task Generate_Json_IsOneObjectAndNothingElse()
    {
        JsonElement json = (await GenerateAsync("--json", "--length", "20", "--prefix", "the time")).Json();
        Assert.Equal("the time", json.GetProperty("prefix").GetString());
        Assert.Equal(20, json.GetProperty("continuation").GetString()!.Length);
        Assert.Equal(json.GetProperty("prefix").GetString() + json.GetProperty("continuation").GetString(),
            json.GetProperty("text").GetString());
        Assert.Equal((await GenerateAsync("--length", "20", "--prefix", "the time")).Output, json.GetProperty("text").GetString() + "\n");
    }

    [Fact]
    public async Task Generate_UnknownCharacters_WarnsOnce()
    {
        Outcome outcome = await GenerateAsync("--prefix", "Time 7 7 Q");
        Assert.Equal("charlm: warning: the model does not know 'T', '7', 'Q' and reads them as <unk>; it learned char tokens of a text "
            + "cleaned as 'd2l'", Assert.Single(outcome.ErrorLines));
        Assert.StartsWith("Time 7 7 Q", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_ManyUnknownCharacters_NamesAFew()
    {
        Outcome outcome = await GenerateAsync("--prefix", "a" + string.Concat(Enumerable.Range(0x4E00, 500).Select(code => (char)code)));
        Assert.EndsWith("and 490 more and reads them as <unk>; it learned char tokens of a text cleaned as 'd2l'",
            Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u4e00\u4e01")]
    [InlineData("\U0001F433")]
    public async Task Generate_NothingButUnknownCharacters_IsRefused(string prefix) =>
        (await _sandbox.RunAsync("generate", "--checkpoint", models.Plain, "--prefix", prefix))
            .Refused(2, "the model knows no token of the prefix", "cleaned as 'd2l'");

    [Fact]
    public async Task Generate_NoCheckpointNamed_TakesTheOneThatShips()
    {
        string shipped = Path.Combine(Sandbox.ProgramFolder, "checkpoints", "time-machine-gru.safetensors");
        Assert.SkipUnless(File.Exists(shipped), "no checkpoint ships with this program");
        JsonElement json = (await _sandbox.RunAsync("generate", "--length", "10", "--json")).Succeeded().Json();
        Assert.Equal(shipped, json.GetProperty("checkpoint").GetString());
    }

    private async Task<Outcome> GenerateAsync(params string[] options) =>
        (await _sandbox.RunAsync(["generate", "--checkpoint", models.Plain, .. options])).Succeeded();
}
