using System.Globalization;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Runs;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Tests.Checkpoints;

/// <summary>Whole models, trained on one side and measured on the other: the perplexity must be the same.</summary>
public sealed class PyTorchExchangeTests(ITestOutputHelper output) : IDisposable
{
    private const double Tolerance = 1e-5;
    private const int Hidden = 24;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Script(string name) => Repository.File("scripts", name);

    private static readonly CorpusText Corpus = new(
        File.ReadAllText(Repository.File("corpora", "bundled.txt")),
        new CorpusOrigin { Requested = "bundled", Kind = CorpusOriginKind.File, Name = "bundled", Location = "bundled.txt", Sha256 = new string('0', 64), Bytes = 0 });

    private static readonly TextConfig Text = new() { MaxTokens = 3000 };

    private static ReadOnlyMemory<int> Ids { get; } = TokenizedText.From(Corpus.Text, Text).Train;

    // One row: every token with all that stand before it, as PyTorch's side reads them.
    private static double Perplexity(Checkpoint checkpoint)
    {
        using LanguageModel model = checkpoint.BuildModel();
        return Evaluator.Measure(model, Ids, rows: 1, cancellationToken: TestContext.Current.CancellationToken).Perplexity;
    }

    private string IdsFile()
    {
        string path = _folder.File("ids.json");
        File.WriteAllText(path, JsonSerializer.Serialize(Ids.ToArray()));
        return path;
    }

    private Checkpoint Train(ModelConfig model)
    {
        var config = new RunConfig
        {
            Text = Text,
            Model = model,
            Training = new TrainerConfig { NumEpochs = 5, BatchSize = 8, NumSteps = 20 },
            CheckpointPath = _folder.File("checkpoint.safetensors"),
        };
        new TrainingRun(config).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        return CheckpointFile.Read(config.CheckpointPath);
    }

    private void AssertSame(double expected, double actual)
    {
        double deviation = Math.Abs(actual - expected) / expected;
        output.WriteLine($"perplexity {actual:r} here, {expected:r} in PyTorch: {deviation:g3}");
        Assert.InRange(deviation, 0, Tolerance);
    }

    [Theory]
    [InlineData(CellKind.Rnn, 1, 0, Implementation.BuiltIn)]
    [InlineData(CellKind.Rnn, 2, 0, Implementation.Custom)]
    [InlineData(CellKind.Gru, 1, 0, Implementation.BuiltIn)]
    [InlineData(CellKind.Gru, 2, Hidden, Implementation.Custom)] // with the weights tied
    [InlineData(CellKind.Lstm, 1, 12, Implementation.Custom)]
    [InlineData(CellKind.Lstm, 2, 0, Implementation.BuiltIn)]
    public void Export_TrainedHere_HasTheSamePerplexityInPyTorch(CellKind cell, int layers, int embedding, Implementation implementation)
    {
        Checkpoint trained = Train(new ModelConfig
        {
            TieWeights = embedding == Hidden,
            Cell = cell,
            Implementation = implementation,
            NumLayers = layers,
            NumHiddens = Hidden,
            EmbeddingSize = embedding,
            GruForm = cell == CellKind.Gru ? GruForm.ResetAfter : null,
        });
        StateDictFile.Export(_folder.File("exported.safetensors"), trained);
        string printed = PyTorch.Run(Script("pytorch_perplexity.py"), _folder.File("exported.safetensors"), IdsFile());
        AssertSame(JsonDocument.Parse(printed).RootElement.GetProperty("perplexity").GetDouble(), Perplexity(trained));
    }

    [Theory]
    [InlineData(CellKind.Rnn, 1, 0)]
    [InlineData(CellKind.Rnn, 2, 5)]
    [InlineData(CellKind.Gru, 1, 5)]
    [InlineData(CellKind.Gru, 2, 0)]
    [InlineData(CellKind.Lstm, 1, 0)]
    [InlineData(CellKind.Lstm, 2, 5)]
    public void Import_TrainedInPyTorch_HasTheSamePerplexityHere(CellKind cell, int layers, int embedding)
    {
        Vocab vocab = TokenizedText.From(Corpus.Text, Text).Vocab;
        File.WriteAllText(_folder.File("vocab.json"), JsonSerializer.Serialize(vocab.Tokens));
        string printed = PyTorch.Run(
            Repository.File("tests", "CharLM.Tests", "Checkpoints", "pytorch_model.py"), _folder.File("model.pt"), Choices.NameOf(cell), $"{layers}", $"{embedding}", IdsFile(), $"{vocab.Count}");
        PyTorch.Run(Script("pytorch_convert.py"), _folder.File("model.pt"), _folder.File("model.safetensors"), "--key", "model", "--vocab", _folder.File("vocab.json"));

        Checkpoint imported = StateDictFile.Import(_folder.File("model.safetensors"), new ImportConfig());

        Assert.Equal((cell, layers, 11, embedding), (imported.Model.Cell, imported.Model.NumLayers, imported.Model.NumHiddens, imported.Model.EmbeddingSize));
        Assert.Equal(vocab.Tokens, imported.Vocab.Tokens);
        AssertSame(double.Parse(printed, CultureInfo.InvariantCulture), Perplexity(imported));
    }

    [Fact]
    public void Convert_ThereAndBack_KeepsWeightsAndVocab()
    {
        Checkpoint trained = Train(new ModelConfig { NumHiddens = 9, NumLayers = 2 });
        string[] files = [.. new[] { "a.safetensors", "b.pt", "c.safetensors", "vocab.json" }.Select(_folder.File)];
        StateDictFile.Export(files[0], trained);
        PyTorch.Run(Script("pytorch_convert.py"), files[0], files[1], "--vocab", files[3]);
        PyTorch.Run(Script("pytorch_convert.py"), files[1], files[2]);

        Checkpoint returned = StateDictFile.Import(files[2], new ImportConfig { Vocab = VocabFile.Read(files[3]) });

        Assert.Equal(trained.Vocab.Tokens, returned.Vocab.Tokens);
        Assert.Equal(trained.Weights.Keys.Order(), returned.Weights.Keys.Order());
        Assert.All(trained.Weights, weight => Assert.Equal(weight.Value.Values, returned.Weights[weight.Key].Values));
    }

    [Fact]
    public void Convert_FileThatWouldRunAProgram_IsRefused()
    {
        // A pickle that calls os.mkdir when it is loaded.
        string trap = _folder.File("trap");
        File.WriteAllText(_folder.File("trap.pt"), $"cos\nmkdir\n(V{trap}\ntR.");
        string error = PyTorch.RunRefused(Script("pytorch_convert.py"), _folder.File("trap.pt"), _folder.File("out.safetensors"));
        Assert.Contains("cannot be loaded safely", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(trap));
        Assert.False(File.Exists(_folder.File("out.safetensors")));
    }

    [Fact]
    public void Convert_TrainingState_NamesTheKeysToTake()
    {
        PyTorch.Run(Repository.File("tests", "CharLM.Tests", "Checkpoints", "pytorch_model.py"), _folder.File("model.pt"), "rnn", "1", "0", IdsFile(), "28");
        string error = PyTorch.RunRefused(Script("pytorch_convert.py"), _folder.File("model.pt"), _folder.File("out.safetensors"));
        Assert.Contains("since 'model' is no tensor; take one of its dictionaries with --key: model", error, StringComparison.Ordinal);
    }
}
