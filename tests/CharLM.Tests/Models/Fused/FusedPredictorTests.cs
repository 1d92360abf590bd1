using CharLM.Models;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

public sealed class FusedPredictorTests
{
    // Tokens are packed once for a small vocab, and for each minibatch with a large one.
    [Theory]
    [InlineData(CellKind.Gru, 28, 0)]
    [InlineData(CellKind.Lstm, 1_024, 0)]
    [InlineData(CellKind.Rnn, 1_025, 0)]
    [InlineData(CellKind.Gru, 1_500, 0)]
    [InlineData(CellKind.Gru, 28, 6)]
    public void Predict_VocabOfAnySize_AgreesWithTorch(CellKind cell, int vocab, int embedding)
    {
        manual_seed(2);
        using var model = new LanguageModel(
            new ModelConfig { Cell = cell, NumHiddens = 20, EmbeddingSize = embedding, Implementation = Implementation.Fused }, vocab);
        using IPredictor fused = model.Predictor();
        using var reference = new TorchPredictor(model);
        var random = new Random(1);
        int rows = 3;
        fused.Begin(rows);
        reference.Begin(rows);
        foreach (int steps in (int[])[1, 1, 5, 1, 2, 1])
        {
            int[] inputs = [.. Enumerable.Range(0, rows * steps).Select(_ => random.Next(vocab))];
            float[] expected = new float[rows * vocab], actual = new float[rows * vocab];
            reference.Predict(inputs, steps, expected);
            fused.Predict(inputs, steps, actual);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 1e-5f);
            if (steps != 5)
                continue;
            fused.Rearrange([2, 0]);
            reference.Rearrange([2, 0]);
            rows = 2;
        }
    }
}
