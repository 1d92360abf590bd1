using System.Text;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>What is trained on a text in a file of ids is, bit for bit, what is trained on the same text in memory.</summary>
public sealed class LargeTextRunTests : IDisposable
{
    private static readonly string Story = string.Concat(
        Enumerable.Range(0, 90).Select(i => $"The cat sät on {(char)('a' + (i % 26))} mat{(i % 7 == 0 ? ".\r\n" : ". ")}"));

    private static readonly RunConfig Config = new()
    {
        Text = new TextConfig { Cleaning = Cleaning.Lower, MaxTokens = 2000, ValidationFraction = 0.1, TestFraction = 0.1 },
        Model = new ModelConfig { NumHiddens = 9, Cell = CellKind.Lstm },
        Training = new TrainerConfig
        {
            NumEpochs = 2,
            BatchSize = 3,
            NumSteps = 7,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 0.01,
        },
        Prefix = "the ",
        SampleLength = 5,
        SampleEvery = 1,
    };

    private readonly CorpusBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(DocumentKind.None, 2)]
    [InlineData(DocumentKind.Lines, 2)]
    [InlineData(DocumentKind.None, 0)]
    public async Task Execute_TextInAFile_TrainsWhatMemoryTrains(DocumentKind documents, int epochs)
    {
        RunConfig config = Config with
        {
            Text = Config.Text with { Documents = documents },
            Training = Config.Training with
            {
                NumEpochs = Math.Max(1, epochs),
                TotalSteps = epochs == 0 ? 20 : 0,
                StepsPerEpoch = epochs == 0 ? 8 : 0,
            },
        };
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story));

        Checkpoint memory = await TrainAsync(path, config, isLarge: false), file = await TrainAsync(path, config, isLarge: true);

        AssertSame(memory, file);
    }

    // Uncut in memory, and cut twice, inside an epoch and at its end, on the file of ids.
    [Fact]
    public async Task Resume_TextInAFile_EndsBitByBitAsUncutInMemory()
    {
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story));
        RunConfig config = Config with { CheckpointEvery = CheckpointInterval.Epochs(1) };
        RunDirectory whole = await RunAsync("whole", path, config, isLarge: false);
        await RunAsync("parts", path, config, isLarge: true, cutAfter: 5);
        await RunAsync("parts", path, config, isLarge: true, cutAfter: (int)EpochMetrics.Read(whole.MetricsPath)[0].Step - 5);
        RunDirectory parts = await RunAsync("parts", path, config, isLarge: true);

        Checkpoint one = CheckpointFile.Read(whole.LastCheckpointPath), other = CheckpointFile.Read(parts.LastCheckpointPath);
        AssertSame(one, other);
        Assert.Equal(one.Resume!.Step, other.Resume!.Step);
        Assert.Equal(File.ReadAllText(whole.SamplesPath), File.ReadAllText(parts.SamplesPath));
    }

    [Fact]
    public async Task For_TextInAFile_ChoosesTheSettingsOfMemory()
    {
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story + Story));
        foreach (DocumentKind documents in Enum.GetValues<DocumentKind>())
        {
            var text = new TextConfig { Cleaning = Cleaning.None, Documents = documents };
            RunConfig memory = OwnText.For(await ReadAsync(path, isLarge: false), text),
                file = OwnText.For(await ReadAsync(path, isLarge: true), text);
            Assert.Equal(memory, file);
            Assert.Equal(documents == DocumentKind.None ? "The cat" : "", file.Prefix);
        }
    }

    [Fact]
    public async Task Execute_NGramsOfATextInAFile_AreThoseOfMemory()
    {
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story));
        var run = new NGramRun { Order = 4, CheckpointPath = _bench.PathOf("n"), Text = Config.Text with { MaxTokens = 0 } };

        NGramResult memory = run.Execute(await ReadAsync(path, isLarge: false), Token),
            file = run.Execute(await ReadAsync(path, isLarge: true), Token);

        Assert.Equal(memory.HeldOut! with { Seconds = 0 }, file.HeldOut! with { Seconds = 0 });
        Assert.Equal(memory.Checkpoint.Model.NGrams, file.Checkpoint.Model.NGrams);
    }

    [Fact]
    public async Task Of_NoveltyOfATextInAFile_IsThatOfMemory()
    {
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story));
        Checkpoint model = await TrainAsync(path, Config, isLarge: true);

        Assert.Equal(
            new NoveltyCheck(model, await ReadAsync(path, isLarge: false)).Of("the cat sat on my hat"),
            new NoveltyCheck(model, await ReadAsync(path, isLarge: true), Token).Of("the cat sat on my hat"));
    }

    private async Task<Checkpoint> TrainAsync(string path, RunConfig config, bool isLarge)
    {
        config = config with { CheckpointPath = _bench.PathOf("model") };
        new TrainingRun(config).Execute(await ReadAsync(path, isLarge), cancellationToken: Token);
        return CheckpointFile.Read(config.CheckpointPath);
    }

    private async Task<RunDirectory> RunAsync(string name, string path, RunConfig config, bool isLarge, int cutAfter = int.MaxValue)
    {
        var directory = new RunDirectory(_bench.PathOf(name));
        using RunSession session = directory.State == RunDirectoryState.Resumable
            ? RunKind.LanguageModel.Resume(directory.Path) : RunKind.LanguageModel.New(directory.Path);
        using var cancel = new CancellationTokenSource();
        new TrainingRun(config with { Corpus = "/x" }, session: session).Execute(
            await ReadAsync(path, isLarge), Interruption.After(cutAfter, int.MaxValue, cancel), cancel.Token);
        return directory;
    }

    private async Task<CorpusText> ReadAsync(string path, bool isLarge)
    {
        CorpusSettings settings = _bench.Settings;
        _bench.Settings = settings with { MaxBytesInMemory = isLarge ? 10 : settings.MaxBytesInMemory, BlockBytes = 64 };
        var resolver = new CorpusResolver(_bench.Store(LoopbackServer.Closed()));
        _bench.Settings = settings;
        CorpusText text = await resolver.ResolveAsync(path, null, Token);
        Assert.Equal(isLarge, !text.IsInMemory);
        return text;
    }

    private static void AssertSame(Checkpoint expected, Checkpoint actual)
    {
        Assert.Equal(expected.Weights.Keys, actual.Weights.Keys);
        foreach ((string name, var values) in expected.Weights)
            Assert.True(values.Values.AsSpan().SequenceEqual(actual.Weights[name].Values), name);
        Assert.Equal(expected.Progress with { TrainedSeconds = 0 }, actual.Progress with { TrainedSeconds = 0 });
        Assert.Equal(expected.Vocab.Tokens, actual.Vocab.Tokens);
        Assert.Equal(expected.TrainedText!.Pack(), actual.TrainedText!.Pack());
        Assert.Equal((expected.Corpus.Name, expected.Corpus.Sha256), (actual.Corpus.Name, actual.Corpus.Sha256));
    }
}
