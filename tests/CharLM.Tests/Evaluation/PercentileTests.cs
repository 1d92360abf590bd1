using CharLM.Evaluation;

namespace CharLM.Tests.Evaluation;

/// <summary>
/// The percentiles of an interval are interpolated between the samples, as in NumPy's default (Hyndman and Fan 1996, definition 7).
/// </summary>
public sealed class PercentileTests
{
    [Fact]
    public void OfMean_TwoSamples_EndsAFortiethOfTheWayBetweenThem()
    {
        float[] values = [0, 1]; // a drawn text has the mean 0, 1/2 or 1
        var distances = new HashSet<double>();
        for (int seed = 0; seed < 40; seed++)
        {
            Interval interval = BlockBootstrap.OfMean(values, samples: 2, seed, blockLength: 1);
            double distance = (interval.High - interval.Low) / 0.95, lower = interval.Low - (0.025 * distance);
            Assert.Contains(Math.Round(distance, 9), new[] { 0, 0.5, 1 });
            Assert.Contains(Math.Round(lower, 9), new[] { 0, 0.5, 1 });
            distances.Add(Math.Round(distance, 9));
        }
        Assert.Equal([0, 0.5, 1], distances.Order());
    }

    [Fact]
    public void OfMean_OneSample_IsThatSample()
    {
        Interval interval = BlockBootstrap.OfMean([1, 2, 3], samples: 1, seed: 4, blockLength: 1);
        Assert.Equal(interval.Low, interval.High);
    }
}
