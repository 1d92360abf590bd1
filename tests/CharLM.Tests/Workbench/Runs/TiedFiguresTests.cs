using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>Epochs that only equal the best so far do not count: the first stays the best, and patience runs out.</summary>
public sealed class TiedFiguresTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // A rate too small to change any weight: every epoch has the same held-out figure, to the last bit.
    private static readonly TrainerConfig Standstill = new() { NumEpochs = 9, BatchSize = 2, LearningRate = 1e-30, ClipNorm = 0 };

    public void Dispose() => _folder.Dispose();

    private static readonly CorpusText Corpus = TestCorpus.Of(
        string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 10)), sha256: new string('0', 64));

    private RunConfig OnText => new()
    {
        Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 },
        Model = new ModelConfig { NumHiddens = 4 },
        Training = Standstill with { NumSteps = 4 },
        CheckpointPath = _folder.File("model.safetensors"),
    };

    [Fact]
    public void Execute_TextWithTiedEpochs_KeepsTheFirstAndLosesPatience()
    {
        RunResult result = new TrainingRun(OnText with { Patience = 2 })
            .Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((1, 3), (result.Best!.Value.Epoch, result.EpochsDone));
        Assert.Equal(1, CheckpointFile.Read(result.BestCheckpointPath!).Progress.Epochs);
    }

    [Fact]
    public void Execute_PairsWithTiedEpochs_KeepTheFirstAndLosePatience()
    {
        string path = _folder.File("pairs.tsv");
        File.WriteAllText(path, "aa\tx\nbb\ty\nab\tx\n");
        TextPair[] pairs = [new("aa", "x", 1), new("bb", "y", 2), new("ab", "x", 3)];
        var config = new PairRunConfig(new ClassifierConfig { Model = new ModelConfig { NumHiddens = 4, Bidirectional = true } })
        {
            Training = Standstill,
            Patience = 3,
            Data = path,
            Validation = path,
            CheckpointPath = _folder.File("model.safetensors"),
        };
        var data = new PairFile(path, new string('0', 64), pairs);
        RunResult result = new PairRun(config)
            .Execute(data, data, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((1, 4), (result.Best!.Value.Epoch, result.EpochsDone));
    }

    // Training losses differ from epoch to epoch, since rows begin elsewhere: the plateau is that of the held-out text.
    [Fact]
    public void Execute_PlateauOfHeldOutText_LowersTheRateWhateverTrainingDoes()
    {
        var epochs = new List<EpochMetrics>();
        RunConfig config = OnText with
        {
            Training = OnText.Training with
            {
                Schedule = new ScheduleConfig
                {
                    Kind = ScheduleKind.Plateau,
                    PlateauEpochs = 1,
                    Factor = 0.5
                }
            }
        };
        new TrainingRun(config).Execute(Corpus, new Collector(epochs), TestContext.Current.CancellationToken);
        double least = epochs[0].TrainLoss;
        Assert.Contains(epochs.Skip(1), epoch => epoch.TrainLoss < least);
        Assert.Equal(Enumerable.Range(0, 9).Select(epoch => 1e-30 * Math.Pow(0.5, Math.Max(0, epoch - 1))),
            epochs.Select(epoch => epoch.LearningRate), (a, b) => Math.Abs(a - b) < 1e-9 * a);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void EpochEnded_TiedLosses_AreAPlateau(int patience)
    {
        var schedule = new Schedule(new ScheduleConfig { Kind = ScheduleKind.Plateau, PlateauEpochs = patience, Factor = 0.5 }, 1, 100);
        schedule.EpochEnded(2);
        var rates = new List<double>();
        for (int epoch = 0; epoch < 2 * patience; epoch++)
        {
            schedule.EpochEnded(2);
            rates.Add(schedule.RateAt(0));
        }
        // Halved each time patience runs out without improvement.
        Assert.Equal(Enumerable.Range(1, 2 * patience).Select(epoch => Math.Pow(0.5, epoch / patience)), rates);
    }

    private sealed class Collector(List<EpochMetrics> epochs) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is RunEvent.Epoch { Metrics: var epoch })
                epochs.Add(epoch);
        }
    }
}
