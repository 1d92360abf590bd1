using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>N-grams from the command line: counting, and every verb that takes a model.</summary>
public sealed class NGramTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public NGramTests() => _sandbox.Write("text.txt", Texts.Plain);

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task NGram_Saved_IsAModelLikeAnyOther()
    {
        JsonElement counted = (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--order", "5", "--compressors", "--json"))
            .Succeeded().Json();
        string file = counted.GetProperty("checkpoint").GetString()!;
        Assert.Equal("checkpoints/ngram.safetensors", file);
        Assert.Equal(5, counted.GetProperty("n_grams").GetArrayLength());
        Assert.Equal(["gzip -9", "brotli -11"],
            counted.GetProperty("compressors").EnumerateArray().Select(baseline => baseline.GetProperty("name").GetString()));

        JsonElement measured = (await _sandbox.RunAsync("eval", file, "--corpus", "text.txt", "--json")).Succeeded().Json();
        Assert.Equal(counted.GetProperty("held_out").GetProperty("perplexity").GetDouble(), measured.GetProperty("perplexity").GetDouble());
        Assert.Contains("held out from training", measured.GetProperty("text").GetString(), StringComparison.Ordinal);
        // The text is repetitive: five characters determine the next one.
        Assert.StartsWith("the time traveller for so it will be",
            (await _sandbox.RunAsync("generate", "--checkpoint", file, "--prefix", "the time", "--length", "60")).Succeeded().Output,
                StringComparison.Ordinal);
        Assert.Contains(
            "n-grams up to order 5, modified Kneser-Ney", (await _sandbox.RunAsync("inspect", file)).Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("train", "--checkpoint", file, "--corpus", "text.txt"))
            .Refused(1, file, "counted n-grams, not a recurrent network");
        Assert.Equal(["checkpoints", file, "text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Inspect_LaplaceNGrams_NamesTheSmoothing()
    {
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--smoothing", "laplace", "--epsilon", "0.5", "--out", "m")).Succeeded();
        Outcome[] outcomes = await _sandbox.RunEachAsync([["inspect", "m"], ["inspect", "m", "--json"]]);
        Assert.Contains(", Laplace, epsilon 0.5", outcomes[0].Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(0.5, outcomes[1].Succeeded().Json().GetProperty("epsilon").GetDouble());
        Assert.Equal(JsonValueKind.Null, outcomes[1].Json().GetProperty("discounts").ValueKind);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("50")]
    [InlineData("-3")]
    public async Task NGram_OrderOutOfRange_IsRefusedInOneLine(string order)
    {
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--order", order)).Refused(2, $"order must be 1 to 10, not {order}");
        Assert.Equal(["text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task NGram_WhatCannotBe_IsRefusedAndWritesNothing()
    {
        _sandbox.Write("digits.txt", "0123");
        await _sandbox.RefuseEachAsync(
            (2, ["ngram", "--corpus", "digits.txt"], ["nothing of the text is left after the cleaning 'd2l'"]),
            (2, ["ngram", "--corpus", "text.txt", "--compressors", "--validation-fraction", "0"],
                ["compressors are measured on the held-out part"]),
            (1, ["ngram", "--corpus", "text.txt", "--out", "text.txt/x"], ["text.txt/x: cannot be written"]));
        Assert.Equal(["digits.txt", "text.txt"], _sandbox.Files());
    }
}
