using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Checkpoints;

public sealed class CheckpointFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("charlm-checkpoints-");

    private string Path => System.IO.Path.Combine(_folder.FullName, "model.safetensors");

    public void Dispose() => _folder.Delete(recursive: true);

    private static Checkpoint Example(CellKind cell = CellKind.Lstm, Implementation implementation = Implementation.BuiltIn)
    {
        using var model = new LanguageModel(
            new ModelConfig { Cell = cell, Implementation = implementation, NumHiddens = 5, NumLayers = 2, EmbeddingSize = 3 }, 4);
        return new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig { MaxTokens = 99, Token = TokenKind.Char },
            Vocab = new Vocab([new("a", 3), new("\U0001F600", 2), new("\"\n", 1)]),
            Training = new TrainerConfig { LearningRate = 0.125, Optimizer = OptimizerKind.AdamW, Seed = -3 },
            Corpus = new CorpusRecord("time-machine", new string('a', 64)),
            Progress = new TrainingProgress { Epochs = 7, TrainPerplexity = 1.25, TrainedSeconds = 3 },
            Weights = Checkpoint.CopyWeights(model),
        };
    }

    // The file's header and data, read independently of the toolkit.
    private static (JsonElement Header, byte[] Data) Parse(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        return (JsonDocument.Parse(file.AsMemory(8, length)).RootElement, file[(8 + length)..]);
    }

    private static byte[] WithHeader(byte[] file, Func<string, string> change)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        byte[] header = Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(file, 8, length)));
        var size = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(size, (ulong)header.Length);
        return [.. size, .. header, .. file[(8 + length)..]];
    }

    private CheckpointException Refused(byte[] file)
    {
        File.WriteAllBytes(Path, file);
        return Assert.Throws<CheckpointException>(() => CheckpointFile.Read(Path));
    }

    private byte[] Written()
    {
        CheckpointFile.Write(Path, Example());
        return File.ReadAllBytes(Path);
    }

    [Theory]
    [InlineData(CellKind.Rnn, Implementation.BuiltIn)]
    [InlineData(CellKind.Gru, Implementation.Custom)]
    [InlineData(CellKind.Gru, Implementation.BuiltIn)]
    [InlineData(CellKind.Lstm, Implementation.Custom)]
    public void Read_WhatWasWritten_IsTheSame(CellKind cell, Implementation implementation)
    {
        Checkpoint written = Example(cell, implementation);
        CheckpointFile.Write(Path, written);
        Checkpoint read = CheckpointFile.Read(Path);

        Assert.Equal(written.Model, read.Model);
        Assert.Equal(written.Text, read.Text);
        Assert.Equal(written.Training, read.Training);
        Assert.Equal(written.Corpus, read.Corpus);
        Assert.Equal(written.Progress, read.Progress);
        Assert.Equal(written.Vocab.Tokens, read.Vocab.Tokens);
        Assert.Equal(written.Vocab.Frequencies, read.Vocab.Frequencies);
        Assert.Equal(written.Weights.Keys.Order(), read.Weights.Keys.Order());
        Assert.All(written.Weights, weight => Assert.Equal(weight.Value.Values, read.Weights[weight.Key].Values));
    }

    [Fact]
    public void Write_Checkpoint_IsASafetensorsFileWithPyTorchsNames()
    {
        Checkpoint checkpoint = Example();
        CheckpointFile.Write(Path, checkpoint);
        (JsonElement header, byte[] data) = Parse(File.ReadAllBytes(Path));

        JsonElement weight = header.GetProperty("rnn.weight_hh_l1");
        Assert.Equal("F32", weight.GetProperty("dtype").GetString());
        Assert.Equal([20, 5], weight.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()));
        int[] offsets = [.. weight.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
        float[] values = [.. Enumerable.Range(0, 100)
            .Select(i => BinaryPrimitives.ReadSingleLittleEndian(data.AsSpan(offsets[0] + 4 * i)))];
        Assert.Equal(checkpoint.Weights["rnn.weight_hh_l1"].Values, values);
        Assert.Equal("1", header.GetProperty("__metadata__").GetProperty("format_version").GetString());
        Assert.Equal(0, (new FileInfo(Path).Length - data.Length) % 8);
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    public void BuildModel_OtherImplementation_GivesTheSameLogits(Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        Checkpoint checkpoint = Example();
        using LanguageModel own = checkpoint.BuildModel(), other = checkpoint.BuildModel(implementation);
        Tensor ids = tensor(new long[] { 1, 2, 3, 0 }, new long[] { 2, 2 });
        Assert.Equal(implementation, other.Config.Implementation);
        Assert.True(allclose(own.Forward(ids, own.BeginState(2)).Logits, other.Forward(ids, other.BeginState(2)).Logits, 1e-5, 1e-6));
    }

    [Fact]
    public void BuildModel_ResetBeforeGruAsBuiltIn_IsRefused() =>
        Assert.Throws<InvalidConfigException>(() => Example(CellKind.Gru, Implementation.Custom).BuildModel(Implementation.BuiltIn));

    [Fact]
    public void Read_FileCutAnywhere_IsRefused()
    {
        byte[] file = Written();
        for (int length = 0; length < file.Length; length += length < 64 ? 1 : 97)
            Refused(file[..length]);
        Refused([.. file, 0]);
    }

    [Fact]
    public void Read_AnyBitFlipped_IsRefused()
    {
        byte[] file = Written();
        var random = new Random(4);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. file];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Refused(damaged);
        }
    }

    public static TheoryData<string, string, string> Lies => new()
    {
        { "\"format\":\"charlm\"", "\"format\":\"\\uD83D!\"", "a string that is not valid Unicode" },
        { "\"linear.weight\"", "\"\\uDC00weight\"", "a string that is not valid Unicode" },
        { "\"format_version\":\"1\"", "\"format_version\":\"2\"", "newer than 1" },
        { "\"format_version\":\"1\"", "\"format_version\":\"\"", "no format version" },
        { "\"format\":\"charlm\"", "\"format\":\"pt\"", "not a checkpoint of CharLM" },
        { "\"dtype\":\"F32\",\"shape\":[4,5]", "\"dtype\":\"F32\",\"shape\":[5,4]", "in shape [5, 4] where its model has [4, 5]" },
        { "\"dtype\":\"F32\",\"shape\":[4,5]", "\"dtype\":\"I32\",\"shape\":[4,5]", "as I32, not F32" },
        { "\"dtype\":\"F32\",\"shape\":[4,5]", "\"dtype\":\"X32\",\"shape\":[4,5]", "unknown type 'X32'" },
        { "\"shape\":[4,5]", "\"shape\":[9223372036854775807,9223372036854775807]", "does not fill its bytes" },
        { "\"shape\":[4,5]", "\"shape\":[4,-5]", "damaged entry" },
        { "\"linear.weight\"", "\"linear.wheight\"", "a weight 'linear.wheight' that its model lacks" },
        { "\"embedding.weight\"", "\"linear.weight\"", "not JSON" },
        { "\\\"num_hiddens\\\":5", "\\\"num_hiddens\\\":6", "in shape" },
        { "\\\"num_hiddens\\\":5", "\\\"num_hiddens\\\":-5", "holds an invalid configuration" },
        { "\\\"num_hiddens\\\":5", "\\\"num_hiddens\\\":1e99", "damaged 'model'" },
        { "\\\"cell\\\":\\\"lstm\\\"", "\\\"cell\\\":\\\"lsmt\\\"", "damaged 'model'" },
        { "<unk>", "unk", "holds an invalid configuration" },
        { "\"checksum\":\"", "\"checksum\":\"0", "checksum" },
        { "\"corpus\":", "\"korpus\":", "no 'corpus'" },
        { "{\"__metadata__\"", "[\"__metadata__\"", "not JSON" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void Read_HeaderThatLies_IsRefusedWithTheReason(string from, string to, string reason)
    {
        byte[] file = WithHeader(Written(), header =>
        {
            Assert.Contains(from, header, StringComparison.Ordinal);
            return header.Replace(from, to, StringComparison.Ordinal);
        });
        CheckpointException e = Refused(file);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 62)]
    [InlineData(1UL << 20)]
    public void Read_HugeHeaderLength_IsRefusedWithoutAllocating(ulong length)
    {
        byte[] file = Written();
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        File.WriteAllBytes(Path, file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => CheckpointFile.Read(Path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Read_ForeignFiles_AreRefused()
    {
        Assert.Contains("not a safetensors file",
            Refused(Encoding.ASCII.GetBytes("PK\u0003\u0004 a zip file, as torch.save writes it")).Message, StringComparison.Ordinal);
        Assert.Contains("not a checkpoint of CharLM", Refused([2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']).Message,
            StringComparison.Ordinal);
        Refused([]);
    }

    [Fact]
    public void Read_DeeplyNestedHeader_IsRefused() =>
        Refused([.. BitConverter.GetBytes(20_000UL), .. Enumerable.Repeat((byte)'[', 20_000)]);

    [Fact]
    public void Read_NoFileOrFolder_SaysSo()
    {
        Assert.Contains("no such file", Assert.Throws<CheckpointException>(() => CheckpointFile.Read(Path)).Message,
            StringComparison.Ordinal);
        Assert.Contains("no such file",
            Assert.Throws<CheckpointException>(() => CheckpointFile.Read(System.IO.Path.Combine(_folder.FullName, "no", "where"))).Message,
                StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<CheckpointException>(() => CheckpointFile.Read(_folder.FullName)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PathThatCannotBe_FailsAndLeavesNothing()
    {
        Directory.CreateDirectory(Path);
        var e = Assert.Throws<CheckpointException>(() => CheckpointFile.Write(Path, Example()));
        Assert.Contains("cannot be written", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.FullName));
        Assert.Throws<CheckpointException>(() => CheckpointFile.Write(System.IO.Path.Combine("/proc/none", "x"), Example()));
    }

    [Fact]
    public void Write_Twice_ReplacesAndLeavesNoOtherFile()
    {
        CheckpointFile.Write(Path, Example());
        CheckpointFile.Write(Path, Example() with { Progress = new TrainingProgress { Epochs = 8 } });
        Assert.Equal(8, CheckpointFile.Read(Path).Progress.Epochs);
        Assert.Equal([Path], Directory.GetFileSystemEntries(_folder.FullName));
    }
}
