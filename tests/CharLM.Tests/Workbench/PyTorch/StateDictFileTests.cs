using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Checkpoints;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.PyTorch;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Workbench.PyTorch;

/// <summary>What can be imported and exported; StateDictRefusalTests covers the rest.</summary>
public sealed class StateDictFileTests : IDisposable
{
    private static readonly Vocab Letters = Vocab.Restore([Vocab.Unknown, " ", "e", "t", "\"\n"]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<ModelConfig> Models
    {
        get
        {
            var models = new TheoryData<ModelConfig>();
            foreach (CellKind cell in Enum.GetValues<CellKind>())
            {
                foreach ((int layers, bool both, int embedding) in new[] { (1, false, 0), (2, false, 0), (3, false, 6), (2, true, 3) })
                {
                    models.Add(new ModelConfig
                    {
                        Cell = cell,
                        Implementation = both ? Implementation.BuiltIn : Implementation.Fused,
                        NumLayers = layers,
                        NumHiddens = 4,
                        EmbeddingSize = embedding,
                        Bidirectional = both,
                        AllowLeak = both,
                        GruForm = cell == CellKind.Gru ? GruForm.ResetAfter : null,
                    });
                }
            }
            return models;
        }
    }

    private static Checkpoint Of(ModelConfig config)
    {
        using var model = new LanguageModel(config, Letters.Count);
        return new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig { Cleaning = Cleaning.None, MaxTokens = 77 },
            Vocab = Letters,
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("x", "y"),
            Progress = new TrainingProgress { Epochs = 3 },
            Weights = Checkpoint.CopyWeights(model),
        };
    }

    private static float[] Logits(Checkpoint checkpoint)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = checkpoint.BuildModel();
        Tensor ids = tensor(new long[] { 1, 2, 3, 0, 4, 2 }, new long[] { 2, 3 });
        return model.Forward(ids, model.BeginState(2)).Logits.data<float>().ToArray();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Import_WhatWasExported_IsTheSameModel(ModelConfig config)
    {
        Checkpoint exported = Of(config);
        StateDictFile.Export(_folder.File("m.safetensors"), exported);
        Checkpoint imported = StateDictFile.Import(_folder.File("m.safetensors"), new ImportConfig { AllowLeak = config.AllowLeak });

        Assert.Equal(exported.Model, imported.Model);
        Assert.Equal(exported.Text, imported.Text);
        Assert.Equal(exported.Vocab.Tokens, imported.Vocab.Tokens);
        Assert.Equal(0, imported.Progress.Epochs);
        Assert.Equal(Logits(exported), Logits(imported));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Import_ForeignModel_ReadsItsConfigurationOffTheShapes(ModelConfig config)
    {
        Checkpoint trained = Of(config);
        string path = ForeignFile.Of(
            trained, name => name.Replace("rnn.", "module.encoder.", StringComparison.Ordinal)
                .Replace("linear.", "fc.", StringComparison.Ordinal)).Write(_folder.File("m.safetensors"));
        Checkpoint imported = StateDictFile.Import(path, new ImportConfig { Vocab = Letters, AllowLeak = config.AllowLeak });

        Assert.Equal(config, imported.Model);
        Assert.Equal(new TextConfig(), imported.Text);
        Assert.Equal(Logits(trained), Logits(imported));
    }

    [Fact]
    public void Import_Checkpoint_CanBeWrittenAndReadAgain()
    {
        string path = ForeignFile.Of(Of(new ModelConfig { NumHiddens = 4 }), name => name).Write(_folder.File("m.safetensors"));
        Checkpoint imported = StateDictFile.Import(path, new ImportConfig { Vocab = Letters });
        CheckpointFile.Write(_folder.File("c.safetensors"), imported);
        Assert.Equal(Logits(imported), Logits(CheckpointFile.Read(_folder.File("c.safetensors"))));
    }

    [Theory]
    [InlineData("rnn.", "linear.", "embedding.")]
    [InlineData("lstm.", "decoder.", "encoder.")]
    [InlineData("model.gru.", "model.head.", "model.wte.")]
    [InlineData("", "fc.", "embed.")]
    public void Import_OtherModuleNames_AreKnownByWhatTheyHold(string recurrent, string output, string embedding)
    {
        Checkpoint trained = Of(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 4, EmbeddingSize = 3 });
        string path = ForeignFile.Of(trained, Rename).Write(_folder.File("m.safetensors"));
        Assert.Equal(Logits(trained), Logits(StateDictFile.Import(path, new ImportConfig { Vocab = Letters })));

        string Rename(string name) => name.Split('.') switch
        {
            ["rnn", var leaf] => recurrent + leaf,
            ["linear", var leaf] => output + leaf,
            [_, var leaf] => embedding + leaf,
            _ => name,
        };
    }

    [Theory]
    [InlineData("F32", 0.1f)]
    [InlineData("F64", 0.1f)]
    [InlineData("F16", 0.099975586f)]
    [InlineData("BF16", 0.099609375f)]
    public void Import_EachType_BecomesFloat32(string type, float tenth)
    {
        // 100,000 hidden weights: more than one block of reading, and not a whole number of blocks.
        const int Hidden = 317;
        ForeignFile file = new ForeignFile()
            .With("rnn.weight_ih_l0", [Hidden, 5], type)
            .With("rnn.weight_hh_l0", [Hidden, Hidden], type, i => i % 7 == 0 ? 0.1 : i % 512)
            .With("rnn.bias_ih_l0", [Hidden], type)
            .With("rnn.bias_hh_l0", [Hidden], type)
            .With("linear.weight", [5, Hidden], type)
            .With("linear.bias", [5], type);
        Checkpoint imported = StateDictFile.Import(file.Write(_folder.File("m.safetensors")), new ImportConfig { Vocab = Letters });

        Assert.Equal(new ModelConfig { Cell = CellKind.Rnn, NumHiddens = Hidden }, imported.Model);
        Func<int, float> whole = type == "BF16" ? i => i % 512 & (i % 512 < 256 ? -1 : -2) : i => i % 512; // 8 bits of mantissa
        Assert.Equal([.. Enumerable.Range(0, Hidden * Hidden).Select(i => i % 7 == 0 ? tenth : whole(i))],
            imported.Weights["rnn.weight_hh_l0"].Values);
    }

    [Fact]
    public void Import_ModulesNamed_LeavesOtherModulesAlone()
    {
        Checkpoint trained = Of(new ModelConfig { Cell = CellKind.Rnn, NumHiddens = 4, EmbeddingSize = 3 });
        string path = ForeignFile.Of(trained, name => name)
            .With("encoder.weight_ih_l0", [4, 4]).With("encoder.steps", [1], "I64").With("head.weight", [9, 4]).With("head.bias", [9])
                .With("table.weight", [5, 3])
            .Write(_folder.File("m.safetensors"));
        var named = new ImportConfig { Vocab = Letters, RecurrentModule = "rnn", OutputModule = "linear.", EmbeddingModule = "embedding" };
        Assert.Equal(Logits(trained), Logits(StateDictFile.Import(path, named)));

        foreach (ImportConfig half in new[] { named with { RecurrentModule = null }, named with { OutputModule = null },
            named with { EmbeddingModule = null } })
            Assert.Contains("say which (", Assert.Throws<CheckpointException>(() => StateDictFile.Import(path, half)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Import_BareRecurrentModule_IsNamedByADot()
    {
        Checkpoint trained = Of(new ModelConfig { Cell = CellKind.Rnn, NumHiddens = 4 });
        string path = ForeignFile.Of(trained, name => name.Replace("rnn.", "", StringComparison.Ordinal)).With("other.weight_ih_l0", [1, 1])
            .Write(_folder.File("m.safetensors"));
        Assert.Equal(Logits(trained), Logits(StateDictFile.Import(path, new ImportConfig { Vocab = Letters, RecurrentModule = "." })));
    }

    [Fact]
    public void Import_ReluNetwork_IsWhatTheUserSays()
    {
        string path = ForeignFile.Of(Of(new ModelConfig { Cell = CellKind.Rnn, NumHiddens = 4 }), name => name)
            .Write(_folder.File("m.safetensors"));
        Assert.Equal(RnnActivation.Tanh, StateDictFile.Import(path, new ImportConfig { Vocab = Letters }).Model.RnnActivation);
        Assert.Equal(RnnActivation.Relu,
            StateDictFile.Import(path, new ImportConfig { Vocab = Letters, RnnActivation = RnnActivation.Relu }).Model.RnnActivation);
    }

    [Fact]
    public void Export_TrainedWithDropoutAndRelu_KeepsBoth()
    {
        var config = new ModelConfig
        {
            Cell = CellKind.Rnn,
            NumHiddens = 4,
            NumLayers = 2,
            Dropout = 0.25,
            RnnActivation = RnnActivation.Relu,
        };
        StateDictFile.Export(_folder.File("m.safetensors"), Of(config));
        Assert.Equal(config, StateDictFile.Import(_folder.File("m.safetensors"), new ImportConfig()).Model);
    }

    [Fact]
    public void Export_TiedWeights_StandsInTheFileTwiceAndComesBackTied()
    {
        var config = new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 4, EmbeddingSize = 4, TieWeights = true };
        Checkpoint exported = Of(config);
        StateDictFile.Export(_folder.File("m.safetensors"), exported);
        using FileStream stream = File.OpenRead(_folder.File("m.safetensors"));
        Assert.Equal(exported.Weights.Keys.Append("linear.weight").Order(),
            SafetensorsHeader.Read(stream).Tensors.Select(tensor => tensor.Name).Order());

        Checkpoint imported = StateDictFile.Import(_folder.File("m.safetensors"), new ImportConfig());
        Assert.Equal(config, imported.Model);
        Assert.Equal(Logits(exported), Logits(imported));
    }

    [Fact]
    public void Export_ResetBeforeGru_IsRefused()
    {
        var e = Assert.Throws<InvalidConfigException>(() => StateDictFile.Export(_folder.File("m.safetensors"), Of(new ModelConfig
        {
            Implementation = Implementation.Custom,
            NumHiddens = 4,
        })));
        Assert.Contains("another model than torch.nn.GRU", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("m.safetensors")));
    }

    [Fact]
    public void Export_PathThatCannotBe_SaysWhich()
    {
        var e = Assert.Throws<CheckpointException>(() => StateDictFile.Export("/proc/none/m.safetensors", Of(new ModelConfig
        {
            NumHiddens = 4,
        })));
        Assert.StartsWith("/proc/none/m.safetensors: cannot be written", e.Message, StringComparison.Ordinal);
    }
}
