using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.PyTorch;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Workbench.PyTorch;

/// <summary>Files of torch.save: those that PyTorch 1.13 wrote (scripts/golden-pt.py), and those that must be refused.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private const double Tolerance = 1e-5;

    private static readonly Vocab Letters = Vocab.Restore([Vocab.Unknown, "a", "b"]);
    private static readonly Vocab Five = Vocab.Restore([Vocab.Unknown, "a", "b", "c", "d"]);
    private static readonly ImportConfig Config = new() { Vocab = Letters };

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("model.pt");

    public void Dispose() => _folder.Dispose();

    private static string Golden(string name) => Repository.File("tests", "CharLM.Tests", "golden", "pytorch", name);

    public static TheoryData<string, CellKind, int, int> Written => new()
    {
        { "gru.pt", CellKind.Gru, 1, 0 },
        { "lstm-2.pt", CellKind.Lstm, 2, 4 },
        { "rnn-protocol-4.pt", CellKind.Rnn, 1, 0 },
        { "lstm-gpu.pt", CellKind.Lstm, 2, 0 }, // all recurrent weights in one storage
        { "gru-transposed.pt", CellKind.Gru, 1, 2 },
        { "gru-training.pt", CellKind.Gru, 1, 0 }, // the state dict under "model", beside an optimizer's
        { "lstm-lightning.pt", CellKind.Lstm, 1, 0 },
        { "gru-parameters.pt", CellKind.Gru, 1, 0 },
        { "gru-float64.pt", CellKind.Gru, 1, 0 },
        { "gru-float16.pt", CellKind.Gru, 1, 0 },
        { "gru-bfloat16.pt", CellKind.Gru, 1, 0 },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void Import_FileOfPyTorch_ComputesWhatPyTorchComputes(string name, CellKind cell, int layers, int embedding)
    {
        Checkpoint imported = StateDictFile.Import(Golden(name), new ImportConfig { Vocab = Five });

        Assert.Equal((cell, layers, 3, embedding),
            (imported.Model.Cell, imported.Model.NumLayers, imported.Model.NumHiddens, imported.Model.EmbeddingSize));
        AssertLogits(name, imported);
    }

    [Fact]
    public void Import_SeveralStateDicts_TakesTheOneThatIsNamed()
    {
        AssertLogits("gru-two.pt", StateDictFile.Import(Golden("gru-two.pt"), new ImportConfig { Vocab = Five, Key = "best" }));
        Assert.All(StateDictFile.Import(Golden("gru-two.pt"), new ImportConfig { Vocab = Five, Key = "ema" }).Weights.Values, weight =>
            Assert.All(weight.Values, value => Assert.Equal(0, value)));
        Assert.Contains("name the key of one: best, ema", Refused(Golden("gru-two.pt"), new ImportConfig { Vocab = Five }),
            StringComparison.Ordinal);
        Assert.Contains("has no state dict under the key 'x'; name the key of one: best, ema",
            Refused(Golden("gru-two.pt"), new ImportConfig { Vocab = Five, Key = "x" }), StringComparison.Ordinal);
        Assert.Contains("has no state dict under the key 'epoch'",
            Refused(Golden("gru-training.pt"), new ImportConfig { Vocab = Five, Key = "epoch" }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("module.pt", "asks for '__main__.CharModel'")]
    [InlineData("old-format.pt", "before PyTorch 1.6")]
    public void Import_OtherFileOfPyTorch_IsRefusedWithTheWayOut(string name, string reason) =>
        Assert.Contains(reason, Refused(Golden(name), new ImportConfig { Vocab = Five }), StringComparison.Ordinal);

    [Fact]
    public void Import_FileWrittenByHand_IsRead()
    {
        Checkpoint imported = StateDictFile.Import(PickledArchive.Gru().Write(Path), Config);
        Assert.All(imported.Weights.Values, weight => Assert.All(weight.Values, value => Assert.Equal(0.5f, value)));
    }

    private static readonly Dictionary<string, (Func<PickledArchive> File, string Reason)> Errors = new()
    {
        // Pickles that run a program when Python loads them.
        ["os.system"] = (() => PickledArchive.With(p => p.Name("os", "system").Raw((byte)'(').Text("touch trap").Raw((byte)'t', (byte)'R')),
            "asks for 'os.system'"),
        ["posix.system in a state dict"] = (
            () => PickledArchive.Gru(
                more: p => p.Text("x").Name("posix", "system").Raw((byte)'(').Text("touch trap").Raw((byte)'t', (byte)'R')),
                    "asks for 'posix.system'"),
        ["eval"] = (() => PickledArchive.With(
            p => p.Name("builtins", "eval").Raw((byte)'(').Text("open('trap', 'w')").Raw((byte)'t', (byte)'R')),
                "asks for 'builtins.eval'"),
        ["STACK_GLOBAL"] = (() => PickledArchive.With(p => p.Text("subprocess").Text("Popen").Raw(0x93)), "asks for 'subprocess.Popen'"),
        ["INST"] = (() => PickledArchive.With(
            p => p.Raw((byte)'(').Text("touch trap").Raw((byte)'i').Raw(Encoding.ASCII.GetBytes("os\nsystem\n"))), "the instruction 0x69"),
        ["OBJ"] = (() => PickledArchive.With(p => p.Raw((byte)'(').Name("collections", "OrderedDict").Raw((byte)'o')),
            "the instruction 0x6f"),
        ["NEWOBJ"] = (() => PickledArchive.With(p => p.Name("collections", "OrderedDict").Raw((byte)')', 0x81)), "the instruction 0x81"),
        ["EXT1"] = (() => PickledArchive.With(p => p.Raw(0x82, 1)), "the instruction 0x82"),
        ["a .NET type"] = (() =>
            PickledArchive.With(p => p.Name("System.Diagnostics.Process", "Start").Raw((byte)'(').Text("touch").Raw((byte)'t', (byte)'R')),
                "asks for 'System.Diagnostics.Process.Start'"),
        ["torch.load"] = (() =>
            PickledArchive.With(p => p.Name("torch", "load").Raw((byte)'(').Text("x").Raw((byte)'t', (byte)'R')), "asks for 'torch.load'"),
        ["a name of any length"] = (() => PickledArchive.With(p => p.Name(new string('m', 100_000), "f")), "mmm...'"),
        ["a storage called"] = (
            () => PickledArchive.With(p => p.Name("torch", "FloatStorage").Raw((byte)'(').Number(1L << 40).Raw((byte)'t', (byte)'R')),
                "other values for torch.FloatStorage"),

        // Claims of more data than there is.
        ["more values than the record"] = (
            () => Bad(p => p.Tensor("x", 5, 0, [5])), "in a record of 16 bytes, not of 5 values of F32"),
        ["a shape beyond the storage"] = (() => Bad(p => p.Tensor("x", 4, 0, [5])), "in shape [5], which exceeds its 4 values"),
        ["an offset beyond the storage"] = (() => Bad(p => p.Tensor("x", 4, 2, [3])), "which exceeds its 4 values"),
        ["a negative offset"] = (() => Bad(p => p.Tensor("x", 4, -1, [3])), "which exceeds its 4 values"),
        ["strides beyond the storage"] = (() => Bad(p => p.Tensor("x", 4, 0, [2, 2], [3, 1])), "which exceeds its 4 values"),
        ["one value a thousand million times"] = (
            () => Bad(p => p.Tensor("x", 4, 0, [1_000_000_000], [0])), "which exceeds its 4 values"),
        ["a shape of 2^80"] = (() => Bad(p => p.Tensor("x", 4, 0, [1L << 40, 1L << 40])), "which exceeds its 4 values"),
        ["a shape of 2^80 and 0"] = (() => Bad(p => p.Tensor("x", 4, 0, [1L << 40, 1L << 40, 0])), "which exceeds its 4 values"),
        ["a negative size"] = (() => Bad(p => p.Tensor("x", 4, 0, [-2, -2])), "a size that is not a whole number"),
        ["nine dimensions"] = (() => Bad(p => p.Tensor("x", 4, 0, [1, 1, 1, 1, 1, 1, 1, 1, 1])), "9 dimensions"),
        ["fewer strides than sizes"] = (() => Bad(p => p.Tensor("x", 4, 0, [2, 2], [1])), "which exceeds its 4 values"),
        ["a bomb"] = (() => PickledArchive.Gru(
            more: p => p.Record("data/x", new byte[8 << 20], CompressionLevel.SmallestSize).Text("x").Tensor("x", 2 << 20, 0, [2 << 20])),
                "made to fill memory"),
        ["one storage often"] = (
            () => PickledArchive.Gru(more: p =>
            {
                p.Record("data/x", new byte[1 << 20], CompressionLevel.SmallestSize);
                for (int i = 0; i < 50; i++)
                    p.Text($"x{i}").Tensor("x", 1 << 18, 0, [1 << 18]);
            }),
            "made to fill memory"),
        ["a pickle of many megabytes"] = (() => PickledArchive.With(p => p.Raw(new byte[5 << 20])), "of 5242883 bytes, more than 4194304"),

        // Pickles that are not state dicts.
        ["a number"] = (() => PickledArchive.With(p => p.Number(3)), "holds no dictionary"),
        ["a tensor"] = (() => PickledArchive.With(p => p.Record("data/0", PickledArchive.Halves(1)).Tensor("0", 1, 0, [1])),
            "holds no dictionary"),
        ["an empty dictionary"] = (() => PickledArchive.With(p => p.Raw((byte)'}')), "it holds no named tensors"),
        ["a dictionary of numbers"] = (
            () => PickledArchive.With(p => p.Raw((byte)'}').Text("epoch").Number(3).Raw((byte)'s')), "'epoch' is not a tensor"),
        ["a number among the weights"] = (() => PickledArchive.Gru(more: p => p.Text("epoch").Number(3)), "'epoch' is not a tensor"),
        ["a weight without a name"] = (
            () => PickledArchive.Gru(more: p => p.Number(3).Tensor("0", 18, 0, [18])), "it holds no named tensors"),
        ["complex numbers"] = (
            () => Bad(p => p.Tensor("x", 2, 0, [2], type: "ComplexFloatStorage")), "of an unsupported type, ComplexFloatStorage"),
        ["whole numbers as weights"] = (
            () => PickledArchive.Gru(
                more: p => p.Text("linear.bias").Record("data/x", new byte[24]).Tensor("x", 3, 0, [3], type: "LongStorage")),
                    "as I64, which is none of"),
        ["a weight of another model"] = (() => Bad(p => p.Tensor("x", 4, 0, [4])), "has a tensor 'x' that no model of this toolkit has"),
        ["not a number"] = (
            () => PickledArchive.Gru(
                more: p => p.Text("linear.bias").Record("data/x", [0, 0, 0, 0, 0, 0, 0xc0, 0x7f, 0, 0, 0, 0]).Tensor("x", 3, 0, [3])),
                    "'linear.bias' with a value that is not finite"),

        // Archives that are not from torch.save.
        ["a record missing"] = (() => PickledArchive.Gru(more: p => p.Text("x").Tensor("none", 4, 0, [4])), "lacks the record 'data/none'"),
        ["a way out of the archive"] = (
            () => PickledArchive.Gru(
                more: p => p.Record("../../../trap", PickledArchive.Halves(4)).Text("x").Tensor("../../../../trap", 4, 0, [4])),
                    "lacks the record 'data/../../../../trap'"),
        ["a record twice"] = (() => PickledArchive.Gru().Record("data/0", []), "'archive/data/0' twice"),
        ["no pickle"] = (() => PickledArchive.Gru().In("a"), "without a data.pkl"),
        ["two pickles"] = (() => PickledArchive.Gru().Record("../x/data.pkl", []), "more than one data.pkl"),
        ["TorchScript"] = (() => PickledArchive.Gru().Record("constants.pkl", []), "a program of TorchScript"),
        ["big-endian"] = (() => PickledArchive.Gru().Record("byteorder", "big"u8.ToArray()), "is not little-endian"),
        ["damaged metadata"] = (() => PickledArchive.Gru().Record("charlm.json", "[1]"u8.ToArray()), "has a damaged charlm.json"),
        ["a protocol of the future"] = (() => PickledArchive.With(p => p.Raw(0x80, 6)), "protocol 6"),
        ["an empty stack"] = (() => PickledArchive.With(_ => { }), "takes a value from an empty stack"),
        ["a text of 2 GB"] = (() => PickledArchive.With(p => p.Raw((byte)'X', 0xff, 0xff, 0xff, 0x7f)), "is cut off"),
        ["a text of 4 GB"] = (() => PickledArchive.With(p => p.Raw((byte)'X', 0xff, 0xff, 0xff, 0xff)), "is cut off"),
        ["a text that is not UTF-8"] = (() => PickledArchive.With(p => p.Raw((byte)'X', 1, 0, 0, 0, 0xff)), "not UTF-8"),
        ["memory of what never was"] = (() => PickledArchive.With(p => p.Raw((byte)'h', 7)), "refers to a value that it has not defined"),
        ["an end without a beginning"] = (() => PickledArchive.With(p => p.Raw((byte)'t')), "ends a sequence that did not begin"),
    };

    public static TheoryData<string> FaultNames => [.. Errors.Keys];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void Import_Fault_IsNamedAndNothingIsRun(string error)
    {
        Errors[error].File().Write(Path);
        long before = GC.GetAllocatedBytesForCurrentThread();

        string message = Refused(Path, Config);

        Assert.Contains(Errors[error].Reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        Assert.Equal([Path], Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    [Fact]
    public void Import_FileCutAnywhere_IsRefused()
    {
        byte[] file = PickledArchive.Gru().Bytes();
        for (int length = 0; length < file.Length; length++)
        {
            File.WriteAllBytes(Path, file[..length]);
            Refused(Path, Config);
        }
    }

    [Fact]
    public void Import_PickleWithoutArchive_IsRefused()
    {
        File.WriteAllBytes(Path, [0x80, 4, 0x95, 29, 0, 0, 0, 0, 0, 0, 0, .. "\u008c\u0005posix"u8]);
        Assert.Contains("a bare pickle, which is not supported", Refused(Path, Config), StringComparison.Ordinal);
        File.WriteAllText(Path, "cos\nsystem\n(S'touch trap'\ntR.");
        Assert.Contains("not a safetensors file", Refused(Path, Config), StringComparison.Ordinal);
    }

    private static string Refused(string path, ImportConfig config)
    {
        var e = Assert.Throws<CheckpointException>(() => StateDictFile.Import(path, config));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        return e.Message;
    }

    // A state dict with an additional tensor over a record of four values.
    private static PickledArchive Bad(Action<PickledArchive> tensor) => PickledArchive.Gru(more: p =>
    {
        p.Record("data/x", PickledArchive.Halves(4)).Text("x");
        tensor(p);
    });

    private static void AssertLogits(string name, Checkpoint imported)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Golden("logits.json")));
        long[] ids = [.. golden.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
        double[] expected = [.. golden.RootElement.GetProperty("logits").GetProperty(name).EnumerateArray()
            .SelectMany(step => step.EnumerateArray()).Select(value => value.GetDouble())];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = imported.BuildModel();
        float[] logits = model.Forward(tensor(ids, 1, ids.Length), model.BeginState(1)).Logits.data<float>().ToArray();
        Assert.Equal(expected.Length, logits.Length);
        Assert.All(expected.Zip(logits), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Tolerance));
    }
}
