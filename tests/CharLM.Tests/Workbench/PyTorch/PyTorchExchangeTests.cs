using System.Globalization;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.PyTorch;

namespace CharLM.Tests.Workbench.PyTorch;

/// <summary>
/// Models that PyTorch trains during the test: the perplexity must be the same. The tests of the program cover the other direction.
/// </summary>
public sealed class PyTorchExchangeTests(ITestOutputHelper output) : IDisposable
{
    private const double Tolerance = 1e-5;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly CorpusText Corpus = TestCorpus.Of(
        File.ReadAllText(Repository.File("corpora", "bundled.txt")), "bundled", new string('0', 64));

    private static readonly TextConfig Text = new() { MaxTokens = 3000 };

    private static TokenSource Ids { get; } = TokenizedText.From(Corpus.Text, Text).Train;

    // One row: every token with its full context, as on PyTorch's side.
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

    private void AssertSame(double expected, double actual)
    {
        double deviation = Math.Abs(actual - expected) / expected;
        output.WriteLine($"perplexity {actual:r} here, {expected:r} in PyTorch: {deviation:g3}");
        Assert.InRange(deviation, 0, Tolerance);
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
        string printed = Tests.PyTorch.Run(
            Repository.File("tests", "CharLM.Tests", "Checkpoints", "pytorch_model.py"), _folder.File("model.pt"), Choices.NameOf(cell),
                $"{layers}", $"{embedding}", IdsFile(), $"{vocab.Count}");

        Checkpoint imported = StateDictFile.Import(_folder.File("model.pt"), new ImportConfig { Vocab = vocab });

        Assert.Equal((cell, layers, 11, embedding),
            (imported.Model.Cell, imported.Model.NumLayers, imported.Model.NumHiddens, imported.Model.EmbeddingSize));
        AssertSame(double.Parse(printed, CultureInfo.InvariantCulture), Perplexity(imported));
    }
}
