using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>One model has one held-out figure: training, an evaluation and a report measure the same text in the same way.</summary>
public sealed class HeldOutFigureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Runs => ["characters", "words", "raw", "first tokens", "windows", "short"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Runs))]
    public void Execute_HeldOutText_IsMeasuredAsByEvaluationAndReport(string which)
    {
        RunConfig config = Config(which);
        RunResult result = new TrainingRun(config, threads: 1).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        double trained = result.LastEpoch!.HeldOutLoss!.Value;
        ISavedModel saved = ModelFile.Read(config.CheckpointPath);

        var run = new EvaluationRun();
        EvaluationReport evaluated = run.Execute(saved, Corpus, run.Texts(Corpus, [saved])[0], "x", threads: 1,
            cancellationToken: TestContext.Current.CancellationToken).Report;
        Assert.Equal(trained, evaluated.All.Mean, 1e-9);
        Assert.Equal(saved.Progress.HeldOutPerplexity!.Value, evaluated.Perplexity, 1e-6);

        TextMeasurement reported = new RunEvaluator(threads: 1).Measure("x", saved, Corpus, TestContext.Current.CancellationToken);
        Assert.Equal(evaluated.All, reported.Evaluation.All);
        Assert.Equal((evaluated.Text, evaluated.Reading, evaluated.Characters),
            (reported.Evaluation.Text, reported.Evaluation.Reading, reported.Evaluation.Characters));
        Assert.Equal(((RunData.Text)result.Description.Data).HeldOutTokens, run.Texts(Corpus, [saved])[0].Tokens.Length);
    }

    [Fact]
    public void Execute_TorchsOwnCells_HaveTheFigureOfTheKernelsThatEvaluateThem()
    {
        RunConfig config = Config("characters");
        config = config with
        {
            Text = config.Text with { MaxTokens = 1_600, ValidationFraction = 0.4 },
            Model = config.Model with { Implementation = Implementation.BuiltIn },
            Training = config.Training with { NumEpochs = 1 },
        };
        RunResult result = new TrainingRun(config, threads: 1).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        ISavedModel saved = ModelFile.Read(config.CheckpointPath);
        var run = new EvaluationRun();
        EvaluationReport evaluated = run.Execute(saved, Corpus, run.Texts(Corpus, [saved])[0], "x", threads: 1,
            cancellationToken: TestContext.Current.CancellationToken).Report;
        Assert.Equal(result.LastEpoch!.HeldOutLoss!.Value, evaluated.All.Mean, 1e-5);
    }

    // The surprisal of each window on its own, from a zero state.
    [Fact]
    public void Evaluate_Windows_AreThoseWrittenOut()
    {
        RunConfig config = Config("windows");
        new TrainingRun(config, threads: 1).Execute(Corpus, cancellationToken: TestContext.Current.CancellationToken);
        ISavedModel saved = ModelFile.Read(config.CheckpointPath);
        int[] tokens = TokenizedText.From(Corpus.Text, saved.Text, saved.Vocab).Train.ToArray();
        double total = 0;
        using (ILanguageModel model = saved.Open(threads: 1))
        {
            for (int window = 300; window < 300 + 120; window++)
                total += Evaluator.Measure(model, tokens.AsMemory(window, 8 + 1), rows: 1).Total;
        }
        var run = new EvaluationRun();
        EvaluationReport report = run.Execute(saved, Corpus, run.Texts(Corpus, [saved])[0], "x", threads: 1,
            cancellationToken: TestContext.Current.CancellationToken).Report;
        Assert.Equal(120 * 8, report.All.Tokens);
        Assert.Equal(total, report.All.Total, 1e-3);
        Assert.Equal(report.All.BitsPerToken, report.BitsPerCharacter, 1e-9); // a token is a character
        Assert.Contains("120 windows of 8 tokens that overlap, the state zero for each", report.Reading, StringComparison.Ordinal);
        // If another reading is requested: everything after the last training window, in one row.
        EvaluationText row = (run with { Rows = 1 }).Texts(Corpus, [saved])[0];
        Assert.Equal((0, new TextRange(308, 428)), (row.WindowLength, row.Range));
    }

    private static CorpusText Corpus { get; } = Make();

    private RunConfig Config(string which)
    {
        var config = new RunConfig
        {
            Text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.2 },
            Model = new ModelConfig { NumHiddens = 8 },
            Training = new TrainerConfig { BatchSize = 4, NumSteps = 8, NumEpochs = 2 },
            SampleEvery = 0,
            CheckpointPath = _folder.File("model.safetensors"),
        };
        return which switch
        {
            "words" => config with { Text = config.Text with { Token = TokenKind.Word, ValidationFraction = 0.5 } },
            "raw" => config with { Text = config.Text with { Cleaning = Cleaning.None } },
            "first tokens" =>
                config with { Text = config.Text with { Cleaning = Cleaning.D2LV1, MaxTokens = 5_000, ValidationFraction = 0.3 } },
            "windows" => config with
            {
                Text = config.Text with { ValidationFraction = 0 },
                Training = config.Training with { Sampling = SamplingOrder.Windows, TrainWindows = 300, ValidationWindows = 120 },
            },
            "short" => config with { Text = config.Text with { MaxTokens = 1_000, ValidationFraction = 0.1 } },
            _ => config,
        };
    }

    // 8,000 characters, so that the held-out part is read in several rows, each with a warm-up.
    private static CorpusText Make()
    {
        string[] words = ["the", "Time", "traveller", "said", "space", "of", "a", "kind", "is", "and", "four", "dimensions"];
        var random = new RandomStream(3);
        string text = string.Concat(Enumerable.Range(0, 1_600).Select(i => words[random.Next(words.Length)] + (i % 9 == 8 ? ".\n" : " ")));
        return TestCorpus.Of(text);
    }
}
