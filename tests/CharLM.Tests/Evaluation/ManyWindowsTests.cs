using CharLM.Evaluation;
using CharLM.Models;

namespace CharLM.Tests.Evaluation;

/// <summary>Windows measured in several batches.</summary>
public sealed class ManyWindowsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(600)]
    public void MeasureWindows_AnyNumber_IsTheSumOfTheWindows(int windows)
    {
        const int Steps = 4;
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 8 }, 9);
        int[] tokens = [.. Enumerable.Range(0, windows + Steps).Select(i => 1 + (i * i / 3 % 8))];
        double expected = 0;
        using (IPredictor predictor = model.Predictor())
        {
            var nats = new float[Steps];
            for (int window = 0; window < windows; window++)
            {
                predictor.Begin(1);
                predictor.Score([.. tokens.Skip(window).Take(Steps)],
                    [.. tokens.Skip(window + 1).Take(Steps)], Steps, nats);
                expected += nats.Sum();
            }
        }
        LossSum measured = Evaluator.Measure(
            model, tokens, new EvaluationConfig { WindowLength = Steps }, TestContext.Current.CancellationToken);
        Assert.Equal(windows * Steps, measured.Tokens);
        Assert.Equal(expected, measured.Total, 1e-4 * expected);
    }
}
