using System.Text;
using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Byte models, which read any file.</summary>
public sealed class ByteTests : IDisposable
{
    private static readonly string[] Small =
        ["--preset", "d2l-rnn", "--token", "byte", "--max-tokens", "0", "--hidden", "16", "--epochs", "1", "--batch-size", "8", "--num-steps", "10"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Train_BinaryFile_WritesBytesAndMeasuresBitsAByte()
    {
        WriteBinary();
        JsonElement trained = (await _sandbox.RunAsync(["train", "a.bin", .. Small, "--prefix", "é", "--json", "--out", "m"])).Succeeded().Json();
        Assert.Equal(257, trained.GetProperty("vocab_size").GetInt32());
        Assert.Equal(3000, trained.GetProperty("train_tokens").GetInt32());
        (await _sandbox.RunAsync("ngram", "a.bin", "--token", "byte", "--order", "3", "--out", "n")).Succeeded();

        foreach (string model in new[] { "m", "n" })
        {
            JsonElement measured = (await _sandbox.RunAsync("eval", model, "--corpus", "a.bin", "--split", "all", "--json")).Succeeded().Json();
            double bits = measured.GetProperty("nats").GetDouble() / Math.Log(2);
            Assert.Equal(bits, measured.GetProperty("bits_per_byte").GetDouble(), 1e-9);
            Assert.Equal(bits, measured.GetProperty("bits_per_raw_byte").GetDouble(), 1e-9);
            (await _sandbox.RunAsync("score", "a.bin", "--checkpoint", model)).Succeeded();

            // A pipe gets the two bytes of the prefix and the generated ones, and nothing else.
            string counted = (await _sandbox.BashAsync(
                $"charlm generate é --checkpoint {model} --length 500 --temperature 1 > out.bin && wc -c < out.bin")).Succeeded().Output;
            Assert.Equal("502", counted.Trim());
            Assert.Equal("é"u8.ToArray(), (await File.ReadAllBytesAsync(_sandbox.At("out.bin"), TestContext.Current.CancellationToken))[..2]);
            string text = (await _sandbox.RunAsync("generate", "é", "--checkpoint", model, "--length", "9", "--json")).Succeeded().Json()
                .GetProperty("text").GetString()!;
            Assert.StartsWith("é", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Generate_StopOfSeveralBytes_EndsBeforeIt()
    {
        _sandbox.Write("text.txt", string.Concat(Enumerable.Repeat("ab€ ", 300)));
        (await _sandbox.RunAsync("ngram", "text.txt", "--token", "byte", "--out", "n")).Succeeded();
        Assert.Equal("b", (await _sandbox.RunAsync("generate", "a", "--checkpoint", "n", "--stop", "€", "--json")).Succeeded().Json()
            .GetProperty("continuation").GetString());
        Assert.Equal("b€ ab", (await _sandbox.RunAsync("generate", "a", "--checkpoint", "n", "--length", "7", "--json")).Succeeded().Json()
            .GetProperty("continuation").GetString());
        Assert.Contains("ab€ ", (await _sandbox.RunAsync("score", "text.txt", "--checkpoint", "n")).Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("generate", "a", "--checkpoint", "n", "--constrain", "€+")).Refused(2, "ASCII");
    }

    [Fact]
    public async Task Train_BinaryFileAsText_NamesTheWay()
    {
        WriteBinary();
        _sandbox.Write("text.txt", string.Concat(Enumerable.Repeat("some text\n", 50)));
        (await _sandbox.RunAsync("train", "a.bin")).Refused(1, "--token byte");
        await _sandbox.RefuseEachAsync(
            (2, ["train", "a.bin", "--token", "byte", "--encoding", "latin-1"], ["bytes are read as they are"]),
            (2, ["train", "a.bin", "--token", "byte", "--cleaning", "lower"], ["bytes are read as they are"]),
            (2, ["train", "a.bin", "--encoding", "bytes"], ["bytes"]));
        (await _sandbox.RunAsync("ngram", "text.txt", "--token", "byte", "--out", "b")).Succeeded();
        (await _sandbox.RunAsync("ngram", "text.txt", "--out", "c")).Succeeded();
        (await _sandbox.RunAsync("eval", "b", "c", "--corpus", "text.txt")).Refused(2, "byte model");
    }

    private void WriteBinary()
    {
        var bytes = new byte[3000];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((i * i % 251) + (i % 3));
        File.WriteAllBytes(_sandbox.At("a.bin"), bytes);
    }
}
