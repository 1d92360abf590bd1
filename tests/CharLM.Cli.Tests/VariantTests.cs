using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class VariantTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string[] Train => ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel];

    [Theory]
    [InlineData("lstm", "peephole")]
    [InlineData("gru", "minimal")]
    public async Task Train_Variant_IsComputedByCustomGoesOnAndGenerates(string cell, string variant)
    {
        Outcome train = (await _sandbox.RunAsync([.. Train, "--cell", cell, "--variant", variant, "--init", "torch", "--epochs", "2"]))
            .Succeeded();
        Assert.Contains($"{cell} (custom, {variant})", train.Error, StringComparison.Ordinal);
        JsonElement on = (await _sandbox.RunAsync(
            "train", "--checkpoint", "checkpoints/last.safetensors", "--corpus", "text.txt", "--epochs", "4", "--json")).Succeeded().Json();
        Assert.Equal(4, on.GetProperty("epochs").GetInt32());
        Assert.InRange(on.GetProperty("train_perplexity").GetDouble(), 1, 24);
        Outcome generate = (await _sandbox.RunAsync("generate", "--length", "20")).Succeeded();
        Assert.Equal("time traveller".Length + 20 + "\n".Length, generate.Output.Length);
    }

    [Fact]
    public async Task Train_Attention_GoesOnAndGenerates()
    {
        Outcome train = (await _sandbox.RunAsync([.. Train, "--attention", "dot", "--attention-window", "8", "--epochs", "2"])).Succeeded();
        Assert.Contains("dot attention over 8 steps", train.Error, StringComparison.Ordinal);
        string[] on = ["train", "--checkpoint", "checkpoints/last.safetensors", "--corpus", "text.txt", "--epochs", "3"];
        (await _sandbox.RunAsync([.. on, "--attention", "additive"]))
            .Refused(2, "attention is dot in the checkpoint and cannot become additive");
        Assert.InRange((await _sandbox.RunAsync([.. on, "--json"])).Succeeded().Json().GetProperty("train_perplexity").GetDouble(), 1, 24);
        (await _sandbox.RunAsync("generate", "--length", "20")).Succeeded();
        (await _sandbox.RunAsync("export", "--checkpoint", "checkpoints/last.safetensors", "--out", "x.safetensors"))
            .Refused(2, "PyTorch has no language model with this attention");
    }

    [Fact]
    public async Task Train_VariantWithAnotherImplementation_IsRefusedInOneLine() =>
        (await _sandbox.RunAsync([.. Train, "--cell", "lstm", "--variant", "peephole", "--implementation", "fused"]))
            .Refused(2, "variant peephole exists only in the custom implementation, not in fused: take --implementation custom");

    [Fact]
    public async Task Train_FileWithVariantAndAnotherImplementation_IsRefusedAtItsLine()
    {
        _sandbox.Write("fused.yaml", "model:\n  cell: lstm\n  variant: peephole\n  implementation: fused\n");
        (await _sandbox.RunAsync([.. Train, "--config", "fused.yaml"]))
            .Refused(2, "fused.yaml:4: variant peephole exists only in the custom implementation, not in fused");
        // An option overrides the file; without an implementation in the file, the variant's default applies, as on a command line.
        (await _sandbox.RunAsync([.. Train, "--config", "fused.yaml", "--implementation", "custom", "--print-config"])).Succeeded();
        _sandbox.Write("open.yaml", "model: {cell: lstm, variant: peephole}\n");
        Assert.Contains("implementation: custom",
            (await _sandbox.RunAsync([.. Train, "--config", "open.yaml", "--print-config"])).Succeeded().Output, StringComparison.Ordinal);
        // The same holds for experiments.
        _sandbox.Write("cells.yaml",
            "base:\n  model: {cell: lstm, implementation: fused}\ngrid:\n  model:\n    variant: [standard, peephole]\n");
        (await _sandbox.RunAsync("experiment", "plan", "cells.yaml"))
            .Refused(2, "cells.yaml:5: variant: variant peephole exists only in the custom implementation, not in fused");
    }

    [Fact]
    public async Task Train_VariantOfAnotherCell_IsRefusedInOneLine() =>
        (await _sandbox.RunAsync([.. Train, "--cell", "rnn", "--variant", "minimal"]))
            .Refused(2, "variant minimal is for the gru and lstm cells, not for rnn");

    [Fact]
    public async Task Train_CheckpointOfAnotherVariant_CannotChange()
    {
        (await _sandbox.RunAsync([.. Train, "--cell", "lstm", "--epochs", "1"])).Succeeded();
        (await _sandbox.RunAsync(
            "train", "--checkpoint", "checkpoints/last.safetensors", "--corpus", "text.txt", "--epochs", "2", "--variant", "coupled-gates"))
            .Refused(2, "variant is standard in the checkpoint and cannot become coupled-gates");
    }
}
