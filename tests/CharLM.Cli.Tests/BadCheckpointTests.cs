using System.Buffers.Binary;
using System.Text;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Files that are not checkpoints, or are damaged: one line says why.</summary>
public sealed class BadCheckpointTests(TrainedModels models) : IDisposable
{
    private static readonly Dictionary<string, Func<byte[], byte[]>> Damages = new()
    {
        ["empty"] = _ => [],
        ["seven bytes"] = good => good[..7],
        ["header cut off"] = good => good[..300],
        ["weights cut off"] = good => good[..^4],
        ["more at its end"] = good => [.. good, 0, 0, 0, 0],
        ["a weight changed"] = good => [.. good[..^1], (byte)(good[^1] ^ 1)],
        ["an option changed"] = good => Replace(good, "\\\"num_steps\\\":10", "\\\"num_steps\\\":11"),
        ["a newer version"] = good => Replace(good, "\"format_version\":\"1\"", "\"format_version\":\"9\""),
        ["another program's"] = good => Replace(good, "\"format\":\"charlm\"", "\"format\":\"mlkit3\""),
        ["a safetensors file without metadata"] = _ => Safetensors("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4),
        ["a text"] = _ => Encoding.UTF8.GetBytes(Texts.Plain),
        ["a header of any length"] = _ => [.. Enumerable.Repeat((byte)0xFF, 64)],
        ["JSON of another kind"] = _ => Safetensors("[1,2]", 0),
    };

    private readonly Sandbox _sandbox = new();

    private static readonly (string Damage, string[] Parts)[] Bad =
    [
        ("empty", ["has only 0 bytes"]),
        ("seven bytes", ["has only 7 bytes"]),
        ("header cut off", ["cut off"]),
        ("weights cut off", ["cut off or damaged"]),
        ("more at its end", ["cut off or damaged"]),
        ("a weight changed", ["is damaged: its SHA-256 is"]),
        ("an option changed", ["is damaged: its SHA-256 is"]),
        ("a newer version", ["format version 9", "newer than 1", "update CharLM"]),
        ("another program's", ["not a checkpoint of CharLM"]),
        ("a safetensors file without metadata", ["not a checkpoint of CharLM"]),
        ("a text", ["is a text, not a model"]),
        ("a header of any length", ["not a safetensors file"]),
        ("JSON of another kind", ["not a safetensors file"]),
    ];

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Checkpoint_Bad_IsRefusedInOneLineAndLeftAsItIs()
    {
        byte[] good = await File.ReadAllBytesAsync(models.Plain);
        foreach ((string damage, _) in Bad)
            await File.WriteAllBytesAsync(_sandbox.At(damage), Damages[damage](good));
        await _sandbox.RunEachAsync(
            Bad, bad => ["generate", "--checkpoint", bad.Damage], (bad, outcome) => outcome.Refused(1, [bad.Damage, .. bad.Parts]));
        await _sandbox.RunEachAsync(Bad, bad => ["train", "--checkpoint", bad.Damage, "--epochs", "9", "--out", bad.Damage],
            (bad, outcome) => outcome.Refused(1, [bad.Damage, .. bad.Parts]));
        Assert.Equal(Damages.Keys.Order(StringComparer.Ordinal), _sandbox.Files());
        Assert.All(Bad, bad => Assert.Equal(Damages[bad.Damage](good), File.ReadAllBytes(_sandbox.At(bad.Damage))));
    }

    [Fact]
    public async Task Checkpoint_MissingOrAFolder_IsRefusedInOneLine()
    {
        Outcome[] outcomes = await _sandbox.RunEachAsync([["generate", "--checkpoint", "no/model"], ["generate", "--checkpoint", "."]]);
        outcomes[0].Refused(1, "no/model: there is no such file");
        outcomes[1].Refused(1, "is a folder");
    }

    private static byte[] Replace(byte[] bytes, string from, string to)
    {
        int place = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(from));
        Assert.True(place > 0 && from.Length == to.Length, from);
        byte[] changed = [.. bytes];
        Encoding.UTF8.GetBytes(to).CopyTo(changed, place);
        return changed;
    }

    private static byte[] Safetensors(string header, int dataBytes)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]];
    }
}
