using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

public sealed class UnseenTextTests
{
    private static Checkpoint Model(TextConfig text, TrainerConfig? training = null) => new()
    {
        Model = new ModelConfig(),
        Text = text,
        Vocab = new Vocab([new("a", 1)]),
        Training = training ?? new TrainerConfig(),
        Corpus = new CorpusRecord("text", ""),
        Progress = new TrainingProgress(),
        Weights = new Dictionary<string, WeightArray>(),
    };

    [Theory]
    [InlineData(0, 0.1, 900, 1000)]
    [InlineData(500, 0.1, 450, 500)]
    [InlineData(5000, 0.1, 900, 1000)]
    [InlineData(0, 0, 1000, 1000)]
    [InlineData(400, 0, 400, 1000)]
    public void Of_FractionHeldOut_IsTheEndOfWhatWasGiven(int maxTokens, double fraction, int begin, int end) =>
        Assert.Equal(new TextRange(begin, end),
            UnseenText.Of(Model(new TextConfig { MaxTokens = maxTokens, ValidationFraction = fraction }), 1000));

    // The book's validation windows overlap with the last training window; what that one read does not count.
    [Theory]
    [InlineData(200, 232, 432)]
    [InlineData(0, 232, 1000)]
    public void Of_Windows_BeginAfterTheLastTrainingWindow(int validation, int begin, int end) => Assert.Equal(
        new TextRange(begin, end),
        UnseenText.Of(Model(new TextConfig { MaxTokens = 0 },
            new TrainerConfig
            {
                Sampling = SamplingOrder.Windows,
                NumSteps = 32,
                TrainWindows = 200,
                ValidationWindows = validation
            }), 1000));
}
