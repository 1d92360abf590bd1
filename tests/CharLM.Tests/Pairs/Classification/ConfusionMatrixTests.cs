using CharLM.Pairs.Classification;

namespace CharLM.Tests.Pairs.Classification;

public sealed class ConfusionMatrixTests
{
    // scikit-learn: y_true = [0, 1, 2, 0, 1, 2], y_pred = [0, 2, 1, 0, 0, 1]; f1_score(average="macro") is 0.26..., accuracy 2/6
    // (the example of its documentation).
    [Fact]
    public void Measures_ScikitLearnsExample_GivesItsFigures()
    {
        var matrix = new ConfusionMatrix(["a", "b", "c"]);
        foreach ((int actual, int predicted) in new[] { (0, 0), (1, 2), (2, 1), (0, 0), (1, 0), (2, 1) })
            matrix.Add(actual, predicted);
        Assert.Equal(2 / 6.0, matrix.Accuracy, 1e-12);
        Assert.Equal(0.8 / 3, matrix.MacroF1, 1e-12);
        Assert.Equal(2, matrix[2, 1]);
        Assert.Equal(6, matrix.Total);
    }

    [Fact]
    public void MacroF1_LabelThatNeverOccurs_IsLeftOut()
    {
        var matrix = new ConfusionMatrix(["a", "b", "c"]);
        matrix.Add(0, 0);
        matrix.Add(1, 1);
        Assert.Equal(1, matrix.MacroF1);
        Assert.Equal([1, 1, double.NaN], Enumerable.Range(0, 3).Select(matrix.F1));
        // Predicted once, wrongly: its F1 is 0.
        matrix.Add(0, 2);
        Assert.Equal(0, matrix.F1(2));
        Assert.Equal((2.0 / 3 + 1 + 0) / 3, matrix.MacroF1, 1e-12);
    }
}
