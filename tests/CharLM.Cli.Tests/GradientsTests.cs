using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class GradientsTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string[] Plain => ["gradients", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--hidden", "8", "--threads", "1"];

    private string[] Gradients => [.. Plain, "--distance", "20", "--rows", "4"];

    [Fact]
    public async Task Gradients_ThreeFreshCells_GivesTableCsvAndPage()
    {
        // In a locale with a decimal comma, a figure is still one field.
        _sandbox.Environment["LC_ALL"] = "de_DE.UTF-8";
        Outcome outcome = (await _sandbox.RunAsync([.. Gradients, "--csv", "out/g.csv", "--html", "out/g.html"])).Succeeded();
        Assert.Equal(["model", "rnn", "gru", "lstm", "lstm", "page:"], outcome.OutputLines.Select(line => line.Split(' ')[0]));
        Assert.Equal("page: out/g.html; open it in a browser", outcome.OutputLines[^1]);

        string[] lines = await File.ReadAllLinesAsync(_sandbox.At("out/g.csv"));
        Assert.Equal("measure,model,place,part,at,value,imaginary", lines[0]);
        string[][] cells = [.. lines.Skip(1).Select(line => line.Split(','))];
        Assert.All(cells, line => Assert.Equal(7, line.Length));
        Assert.Equal(4 * 20, cells.Count(line => line[0] == "gradient-norm")); // rnn, gru, lstm's hidden and cell state
        Assert.Equal(8 * (1 + 3 + 4), cells.Count(line => line[0] == "eigenvalue"));
        Assert.Equal(5 * (1 + 3 + 4), cells.Count(line => line[0] == "power-norm")); // 1, 2, 4, 8, 16

        string page = await File.ReadAllTextAsync(_sandbox.At("out/g.html"));
        Assert.Contains("Gradients through time", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"http", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gradients_TrainedOnce_ComparesEveryKindOfClipping()
    {
        JsonElement models = (
            await _sandbox.RunAsync(
                [.. Gradients, "--cell", "gru", "--train-epochs", "1", "--batch-size", "8", "--num-steps", "10", "--max-tokens", "1000",
                    "--json"])).Succeeded().Json().GetProperty("models");
        Assert.Equal(["none", "norm", "value", "rescale"],
            models.EnumerateArray().Select(model => model.GetProperty("clipping").GetString()));
        Assert.All(models.EnumerateArray(), model => Assert.True(model.GetProperty("train_perplexity").GetDouble() > 1));
        Assert.All(models.EnumerateArray(), model =>
            Assert.Equal(20, model.GetProperty("gradients")[0].GetProperty("norms").GetArrayLength()));
    }

    [Fact]
    public async Task Gradients_Checkpoint_MeasuresItsModel()
    {
        (await _sandbox.RunAsync(
            ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--epochs", "1", .. Texts.SmallModel, "--cell", "lstm",
                "--layers", "2"])).Succeeded();
        string[] measure = ["gradients", "--checkpoint", "checkpoints/last.safetensors", "--corpus", "text.txt", "--distance", "10"];
        JsonElement model = Assert.Single(
            (await _sandbox.RunAsync([.. measure, "--json"])).Succeeded().Json().GetProperty("models").EnumerateArray());
        Assert.Equal(["hidden", "cell", "hidden", "cell"],
            model.GetProperty("gradients").EnumerateArray().Select(curve => curve.GetProperty("state").GetString()));
        (await _sandbox.RunAsync([.. measure, "--hidden", "9"])).Refused(2, "of the model options, only --implementation applies");
    }

    // A regression: more steps must not make the gradient vanish more slowly.
    [Fact]
    public async Task Gradients_FurtherThanFloat32Holds_SaysSoAndKeepsTheRate()
    {
        JsonElement[] curves = [.. await Task.WhenAll(new[] { "40", "500" }.Select(async distance =>
            (await _sandbox.RunAsync([.. Plain, "--cell", "gru", "--rows", "2", "--distance", distance, "--json"])).Succeeded().Json()
                .GetProperty("models")[0].GetProperty("gradients")[0]))];
        Assert.Equal(40, curves[0].GetProperty("reach").GetInt32());
        Assert.InRange(curves[1].GetProperty("reach").GetInt32(), 41, 499);
        Assert.Equal(curves[0].GetProperty("rate_per_step").GetDouble(), curves[1].GetProperty("rate_per_step").GetDouble(), 0.05);
        Outcome table = (await _sandbox.RunAsync([.. Plain, "--cell", "gru", "--rows", "2", "--distance", "500"])).Succeeded();
        Assert.Matches(@"^gru, hidden 0: \* float32 holds the gradient for \d+ steps back \(1\.00e-30 to 1\.00e\+30\)",
            table.OutputLines[^1]);
    }

    [Fact]
    public async Task Gradients_TrainedWithoutClipping_IsOneRow() =>
        Assert.Equal("none", Assert.Single(
            (await _sandbox.RunAsync(
                [.. Gradients, "--cell", "gru", "--train-epochs", "1", "--clip", "0", "--batch-size", "8", "--num-steps", "10",
                    "--max-tokens", "1000", "--json"]))
            .Succeeded().Json().GetProperty("models").EnumerateArray()).GetProperty("clipping").GetString());

    private static readonly (string Option, string Value, string Complaint)[] Impossible =
    [
        ("--distance", "1", "distance must be 2 to 10000, not 1"),
        ("--distance", "9000", "take a smaller --distance"),
        ("--rows", "0", "rows must be 1 to 65536, not 0"),
        ("--html", "/dev/null/x.html", "cannot be written"),
    ];

    [Fact]
    public async Task Gradients_WhatCannotBe_IsRefusedInOneLine()
    {
        string[] plain = Plain;
        await _sandbox.RunEachAsync(Impossible, wrong => [.. plain, wrong.Option, wrong.Value],
            (wrong, outcome) => outcome.Refused(wrong.Option == "--html" ? 1 : 2, wrong.Complaint));
        Assert.Equal(["text.txt"], _sandbox.Files());
    }
}
