using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Texts of documents: training, generation and evaluation.</summary>
public sealed class DocumentTests : IDisposable
{
    // The books' settings, since the texts are short.
    private static readonly string[] Small =
        ["--preset", "d2l-gru", "--hidden", "16", "--batch-size", "8", "--num-steps", "8"];
    private static readonly string[] Lines = ["--documents", "lines", "--cleaning", "none", "--max-tokens", "0"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Train_Names_WritesNamesThatEnd()
    {
        WriteNames();
        JsonElement trained = (await _sandbox.RunAsync(
            ["train", "names.txt", .. Lines, .. Small, "--epochs", "2", "--validation-fraction", "0.2", "--json", "--out", "m"])).Succeeded().Json();
        // <unk>, <end>, a, b, c, n; no warning about the prefix.
        Assert.Equal(6, trained.GetProperty("vocab_size").GetInt32());

        JsonElement samples = (await _sandbox.RunAsync(
            "generate", "--checkpoint", "m", "--samples", "20", "--temperature", "1", "--length", "400", "--json")).Succeeded().Json();
        Assert.Equal("", samples.GetProperty("prefix").GetString());
        Assert.All(samples.GetProperty("samples").EnumerateArray(), sample =>
        {
            Assert.Equal("document", sample.GetProperty("end").GetString());
            Assert.DoesNotContain("end>", sample.GetProperty("continuation").GetString()!, StringComparison.Ordinal);
        });
        // 20 texts, printed as lines.
        string text = (await _sandbox.RunAsync(
            "generate", "b", "--checkpoint", "m", "--samples", "20", "--temperature", "1", "--length", "400")).Succeeded().Output;
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.StartsWith("b", line, StringComparison.Ordinal));
        Assert.Equal(20, text.Count(c => c == '\n'));
    }

    [Fact]
    public async Task EvalAndScore_Names_CountEnds()
    {
        WriteNames();
        (await _sandbox.RunAsync(["train", "names.txt", .. Lines, .. Small, "--epochs", "2", "--out", "m"])).Succeeded();
        (await _sandbox.RunAsync(["ngram", "names.txt", .. Lines, "--order", "3", "--out", "n"])).Succeeded();
        _sandbox.Write("two.txt", "anna\n\nban\n");
        foreach (string model in new[] { "m", "n" })
        {
            JsonElement measured = (await _sandbox.RunAsync("eval", model, "--corpus", "two.txt", "--json")).Succeeded().Json();
            string[] rows = (await _sandbox.RunAsync("score", "two.txt", "--checkpoint", model, "--json")).Succeeded().Output
                .TrimEnd().Split('\n');
            JsonElement[] lines = [.. rows.Select(row => JsonDocument.Parse(row).RootElement)];
            Assert.Equal([5, 0, 4], lines.Select(line => line.GetProperty("tokens").GetArrayLength()));
            Assert.Equal("<end>", lines[0].GetProperty("tokens")[4].GetProperty("token").GetString());
            double total = lines.Sum(line => line.GetProperty("nats").GetDouble());
            Assert.Equal(total / 9, measured.GetProperty("nats").GetDouble(), 1e-4);
        }
        (await _sandbox.RunAsync("score", "two.txt", "--checkpoint", "m", "--carry-state")).Refused(2, "state is reset at each document");
        (await _sandbox.RunAsync("eval", "m", "--corpus", "two.txt", "--reset-every", "5")).Refused(2, "reset-every");
        (await _sandbox.RunAsync("eval", "m", "--corpus", "two.txt", "--dynamic")).Refused(2, "dynamic evaluation");
    }

    [Fact]
    public async Task Train_InterruptedAndResumed_IsTheSame()
    {
        WriteNames();
        string[] run = ["train", "names.txt", .. Lines, .. Small, "--seed", "3", "--json"];
        double whole = Loss(await _sandbox.RunAsync([.. run, "--run-dir", "a", "--epochs", "4"]));
        (await _sandbox.RunAsync([.. run, "--run-dir", "b", "--epochs", "2"])).Succeeded();
        Assert.Equal(whole, Loss(await _sandbox.RunAsync("train", "--resume", "b", "--epochs", "4", "--json")), 1e-9);
        (await _sandbox.RunAsync("train", "--resume", "b", "--documents", "none")).Refused(2, "documents");

        static double Loss(Outcome outcome) => outcome.Succeeded().Json().GetProperty("train_loss").GetDouble();
    }

    [Fact]
    public async Task Train_ParagraphsAndFiles_LearnsTheirEnds()
    {
        Directory.CreateDirectory(_sandbox.At("texts"));
        _sandbox.Write("texts/a.txt", "anna\nban\n\nnab\n\n\nanna\n");
        _sandbox.Write("texts/b.txt", "ban\n\nnabc\nan\n");
        Assert.Equal(await CountAsync("lines"), "anna|ban|nab|anna|ban|nabc|an|".Length + 1);
        Assert.Equal(await CountAsync("paragraphs"), "anna\nban|nab|anna|ban|nabc\nan|".Length + 1);
        Assert.Equal(await CountAsync("files"), "anna\nban\n\nnab\n\n\nanna\n|ban\n\nnabc\nan\n|".Length + 1);

        async Task<int> CountAsync(string kind) => (await _sandbox.RunAsync(
            ["train", "texts", "--documents", kind, "--cleaning", "none", "--max-tokens", "0", .. Small, "--epochs", "2", "--json", "--out", "m"]))
                .Succeeded().Json().GetProperty("train_tokens").GetInt32();
    }

    [Fact]
    public async Task Train_WhatIsNoneOfDocuments_IsRefused()
    {
        WriteNames();
        await _sandbox.RefuseEachAsync(
            (2, ["train", "names.txt", .. Lines, .. Small, "--sampling", "windows"], ["windows", "documents"]),
            (2, ["train", "names.txt", .. Lines, .. Small, "--truncation", "none"], ["truncation none"]),
            (2, ["train", "names.txt", .. Lines, .. Small, "--bidirectional"], ["bidirectional", "documents"]),
            (2, ["train", "names.txt", "--documents", "words"], ["lines"]));
    }

    private void WriteNames() => _sandbox.Write("names.txt", string.Concat(Enumerable.Repeat("anna\nban\nnab\ncab\nab\n", 20)));
}
