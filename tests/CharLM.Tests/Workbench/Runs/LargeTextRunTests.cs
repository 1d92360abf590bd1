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

    [Fact]
    public async Task Execute_TextInAFile_GoesOnWhereItWasCut()
    {
        string path = _bench.Write("story.txt", Encoding.UTF8.GetBytes(Story));
        Checkpoint uncut = await TrainAsync(path, Config, isLarge: false);

        await TrainAsync(path, Config with { Training = Config.Training with { NumEpochs = 1 } }, isLarge: true);
        Checkpoint first = CheckpointFile.Read(_bench.PathOf("model"));
        RunResult result = new TrainingRun(Config with { CheckpointPath = _bench.PathOf("model") }, first)
            .Execute(await ReadAsync(path, isLarge: true), cancellationToken: Token);

        Assert.Equal(2, result.EpochsDone);
        Assert.Equal(uncut.Vocab.Tokens, CheckpointFile.Read(_bench.PathOf("model")).Vocab.Tokens);
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
