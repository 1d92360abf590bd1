using CharLM.Checkpoints;
using CharLM.Tests.Checkpoints;
using CharLM.Tokenization;
using CharLM.Workbench.PyTorch;

namespace CharLM.Tests.Workbench.PyTorch;

/// <summary>What the import refuses, and with which messages.</summary>
public sealed class StateDictRefusalTests : IDisposable
{
    private static readonly Vocab Letters = Vocab.Restore([Vocab.Unknown, " ", "e"]);

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("m.safetensors");

    public void Dispose() => _folder.Dispose();

    // A GRU with 2 hidden units over 3 one-hot tokens.
    private static ForeignFile Gru() => new ForeignFile()
        .With("rnn.weight_ih_l0", [6, 3])
        .With("rnn.weight_hh_l0", [6, 2])
        .With("rnn.bias_ih_l0", [6])
        .With("rnn.bias_hh_l0", [6])
        .With("linear.weight", [3, 2])
        .With("linear.bias", [3]);

    private CheckpointException Refused(ForeignFile file, ImportConfig? config = null) => Refused(() => file.Write(Path), config);

    private CheckpointException Refused(Action write, ImportConfig? config = null)
    {
        write();
        var e = Assert.Throws<CheckpointException>(() => StateDictFile.Import(Path, config ?? new ImportConfig { Vocab = Letters }));
        Assert.StartsWith(Path, e.Message, StringComparison.Ordinal);
        return e;
    }

    private static readonly Dictionary<string, (ForeignFile File, string Reason)> Errors = new()
    {
        ["no recurrent layer"] = (
            new ForeignFile().With("linear.weight", [3, 2]).With("linear.bias", [3]), "has no recurrent layer (a weight_ih_l0)"),
        ["no output layer"] = (Gru().Without("linear.weight").Without("linear.bias"), "has no output layer (a weight and a bias)"),
        ["output layer without bias"] = (Gru().Without("linear.bias"), "has no output layer (a weight and a bias)"),
        ["no tensors"] = (new ForeignFile(), "has no recurrent layer"),
        ["two recurrent layers"] = (
            Gru().With("decoder.weight_ih_l0", [6, 3]),
                "more than one recurrent layer (a weight_ih_l0): 'decoder.weight_ih_l0', 'rnn.weight_ih_l0'; say which (rnn-module)"),
        ["two output layers"] = (
            Gru().With("fc.weight", [3, 2]).With("fc.bias", [3]),
                "more than one output layer (a weight and a bias): 'fc.weight', 'linear.weight'; say which (linear-module)"),
        ["two embeddings"] = (
            Gru().With("a.weight", [3, 3]).With("b.weight", [3, 3]),
                "more than one embedding (a weight without a bias): 'a.weight', 'b.weight'; say which (embedding-module)"),
        ["no recurrent bias"] = (Gru().Without("rnn.bias_hh_l0"), "lacks the weight 'rnn.bias_hh_l0'"),
        ["no hidden weights"] = (Gru().Without("rnn.weight_hh_l0"), "lacks the weight 'rnn.weight_hh_l0'"),
        ["a layer left out"] = (
            Gru().With("rnn.weight_ih_l2", [6, 2]), "has a tensor 'rnn.weight_ih_l2' that no model of this toolkit has"),
        ["half a layer"] = (Gru().With("rnn.weight_ih_l1", [6, 2]), "lacks the weight 'rnn.weight_hh_l1'"),
        ["projections"] = (Gru().With("rnn.weight_hr_l0", [1, 2]), "has a tensor 'rnn.weight_hr_l0' that no model of this toolkit has"),
        ["a layer norm"] = (Gru().With("norm.weight", [2]).With("norm.bias", [2]),
            "has a tensor 'norm.bias' that no model of this toolkit has"),
        ["two gates"] = (Gru().With("rnn.weight_hh_l0", [4, 2]),
            "in shape [4, 2]: 2 hidden units have 2 rows in an RNN, 6 in a GRU, 8 in an LSTM"),
        ["a broken gate"] = (Gru().With("rnn.weight_hh_l0", [7, 2]), "in shape [7, 2]: 2 hidden units"),
        ["other input"] = (Gru().With("rnn.weight_ih_l0", [6, 4]),
            "has the weight 'rnn.weight_ih_l0' in shape [6, 4] where its model has [6, 3]"),
        ["other output"] = (Gru().With("linear.weight", [3, 4]),
            "has the weight 'linear.weight' in shape [3, 4] where its model has [3, 2]"),
        ["other bias"] = (Gru().With("rnn.bias_ih_l0", [7]), "has the weight 'rnn.bias_ih_l0' in shape [7] where its model has [6]"),
        ["hidden weights as a vector"] = (Gru().With("rnn.weight_hh_l0", [12]), "in shape [12], which is not a usable matrix"),
        ["no hidden units"] = (Gru().With("rnn.weight_hh_l0", [6, 0]), "in shape [6, 0], which is not a usable matrix"),
        ["whole numbers"] = (
            Gru().With("rnn.bias_ih_l0", [6], "I64"), "has the weight 'rnn.bias_ih_l0' as I64, which is none of F32, F64, F16, BF16"),
        ["not a number"] = (Gru().With("linear.bias", [3], "F16", i => i == 1 ? double.NaN : 0),
            "has the weight 'linear.bias' with a value that is not finite in float32 (number 1)"),
        ["too large for float32"] = (
            Gru().With("linear.bias", [3], "F64", _ => 1e39),
                "has the weight 'linear.bias' with a value that is not finite in float32 (number 0)"),
        ["more tokens"] = (Gru().With("rnn.weight_ih_l0", [6, 4]).With("linear.weight", [4, 2]).With("linear.bias", [4]),
            "has weights for 4 tokens where the vocab has 3, <unk> included"),
    };

    public static TheoryData<string> FaultNames => [.. Errors.Keys];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void Import_Fault_NamesIt(string error) =>
        Assert.Contains(Errors[error].Reason, Refused(Errors[error].File).Message, StringComparison.Ordinal);

    [Fact]
    public void Import_ModuleNamedButIncomplete_IsRefused()
    {
        var named = new ImportConfig { Vocab = Letters, RecurrentModule = "rnn" };
        Assert.Contains("has a tensor 'rnn.weight_ih_l2'", Refused(Gru().With("rnn.weight_ih_l2", [6, 2]), named).Message,
            StringComparison.Ordinal);
        Assert.Contains("lacks the weight 'gru.weight_hh_l0'", Refused(Gru(), named with { RecurrentModule = "gru" }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Import_Bidirectional_IsRefusedWithTheReasonUnlessAllowed()
    {
        ForeignFile file = Gru().With("linear.weight", [3, 4]);
        foreach ((string name, long[] shape) in new (
            string, long[])[] { ("weight_ih", [6, 3]), ("weight_hh", [6, 2]), ("bias_ih", [6]), ("bias_hh", [6]) })
            file.With($"rnn.{name}_l0_reverse", shape);
        file.Write(Path);
        var e = Assert.Throws<InvalidConfigException>(() => StateDictFile.Import(Path, new ImportConfig { Vocab = Letters }));
        Assert.Contains("would see the characters that it predicts", e.Message, StringComparison.Ordinal);
        Assert.NotNull(StateDictFile.Import(Path, new ImportConfig { Vocab = Letters, AllowLeak = true }).Model.LeakLabel);
    }

    [Theory]
    [InlineData(null, "has no vocab beside its weights: give one (vocab)")]
    [InlineData("[]", "has a vocab in its metadata that is not a usable vocab: the first token of a vocab is <unk>, not missing")]
    [InlineData("[\"a\", \"b\", \"c\"]", "the first token of a vocab is <unk>, not 'a'")]
    [InlineData("[\"<unk>\", \"b\", \"b\"]", "the token 'b' stands in the vocab twice")]
    [InlineData("[\"<unk>\", null, \"b\"]", "has no token for the id 1")]
    [InlineData("[\"<unk>\", 2, \"b\"]", "is not a JSON list of tokens")]
    [InlineData("{\"<unk>\": 0}", "is not a JSON list of tokens")]
    [InlineData("null", "is null instead of a JSON list of tokens")]
    [InlineData("[\"<unk>\", \"b\"", "is not a JSON list of tokens")]
    [InlineData("[\"<unk>\", \"b\"]", "has weights for 3 tokens where the vocab has 2")]
    public void Import_VocabOfTheFile_IsChecked(string? vocab, string reason)
    {
        ForeignFile file = Gru();
        if (vocab is not null)
            file.Metadata["vocab"] = vocab;
        Assert.Contains(reason, Refused(file, new ImportConfig()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_DamagedConfigurationOfTheFile_IsRefused()
    {
        ForeignFile file = Gru();
        file.Metadata["charlm_text"] = "{\"cleaning\":\"dirty\"}";
        Assert.Contains("damaged 'charlm_text'", Refused(file).Message, StringComparison.Ordinal);
        file.Metadata["charlm_text"] = "{\"min_freq\":-1}";
        file.Write(Path);
        Assert.Throws<InvalidConfigException>(() => StateDictFile.Import(Path, new ImportConfig { Vocab = Letters }));
    }

    [Fact]
    public void Import_FileCutAnywhere_IsRefused()
    {
        byte[] file = File.ReadAllBytes(Gru().Write(Path));
        for (int length = 0; length < file.Length; length++)
            Refused(() => File.WriteAllBytes(Path, file[..length]));
        Refused(() => File.WriteAllBytes(Path, [.. file, 0]));
    }

    [Fact]
    public void Import_Checkpoint_IsRefused()
    {
        ForeignFile file = Gru();
        file.Metadata["format"] = "charlm";
        Assert.Contains("is a checkpoint of CharLM already", Refused(file).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_NoFile_SaysSo() => Assert.Contains("there is no such file", Refused(() => { }).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("[\"<unk>\", \"é\", \"\\ud83d\\ude00\"]", 3)]
    [InlineData(" [\"<unk>\"]\n", 1)]
    [InlineData("\uFEFF[\"<unk>\", \"a\"]", 2)]
    public void Read_VocabFile_GivesTheTokensInOrder(string json, int count)
    {
        File.WriteAllText(Path, json);
        Assert.Equal(count, VocabFile.Read(Path).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<unk>\na\nb\n")]
    [InlineData("[\"<unk>\", \"\\ud83d\"]")]
    public void Read_OtherFileAsVocab_IsRefused(string content)
    {
        File.WriteAllText(Path, content);
        Assert.StartsWith(Path, Assert.Throws<CheckpointException>(() => VocabFile.Read(Path)).Message, StringComparison.Ordinal);
    }
}
