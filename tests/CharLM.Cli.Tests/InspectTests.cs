using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class InspectTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Inspect_Checkpoint_TellsPartsFiguresAndSettings()
    {
        Outcome text = (await _sandbox.RunAsync("inspect", models.Plain)).Succeeded();
        Assert.Contains("rnn.weight_hh_l0            [96, 32]", text.Output, StringComparison.Ordinal);
        Assert.Contains("  num_hiddens: 32", text.Output, StringComparison.Ordinal);
        Assert.Contains("trained   5 epochs", text.Output, StringComparison.Ordinal);
        JsonElement json = (await _sandbox.RunAsync("inspect", "--checkpoint", models.Plain, "--json")).Succeeded().Json();
        // Three gates of 32: input and recurrent weights, two biases; and the output layer.
        int vocab = json.GetProperty("vocab_size").GetInt32();
        Assert.Equal((96 * (vocab + 32 + 2)) + (vocab * 33), json.GetProperty("parameters").GetInt32());
        await _sandbox.RefuseEachAsync(
            (2, ["inspect", models.Plain, "--checkpoint", models.Plain], ["name the model in one place"]),
            (1, ["inspect", "missing"], ["missing: there is no such file"]));
    }

    [Fact]
    public async Task Inspect_Activations_WritesAPage()
    {
        JsonElement json = (await _sandbox.RunAsync(
            "inspect", models.Unicode, "--activations", "Grüße an 🐳", "--out", "page.html", "--json")).Succeeded().Json();
        Assert.Equal(10, json.GetProperty("tokens").GetInt32());
        Assert.Equal(["layer 1, hidden", "layer 1, reset gate", "layer 1, update gate"],
            json.GetProperty("series").EnumerateArray().Select(series => series.GetProperty("name").GetString()));
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(_sandbox.At("page.html")), StringComparison.Ordinal);
        Assert.Equal(["page.html"], _sandbox.Files());
    }

    [Fact]
    public async Task Inspect_ActivationsThatCannotBe_AreRefusedAndWriteNothing()
    {
        await _sandbox.RefuseEachAsync(
            (2, ["inspect", models.Plain, "--activations", "123"], ["the text for the activations is empty"]),
            (2, ["inspect", models.Unicode, "--activations", "0987"], ["vocab mismatch: none of the text's 4 tokens"]),
            (2, ["inspect", models.Plain, "--activations", ""], ["--activations is empty"]),
            (1, ["inspect", models.Plain, "--activations", "time", "--out", "/proc/x/page"], ["/proc/x/page: cannot be written"]),
            (2, ["inspect", models.Plain, "--out", "page.html"], ["out is for the page of --activations"]));
        Assert.Empty(_sandbox.Files());
    }
}
