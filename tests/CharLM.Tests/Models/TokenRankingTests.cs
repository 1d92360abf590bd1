using CharLM.Models;

namespace CharLM.Tests.Models;

public sealed class TokenRankingTests
{
    public static TheoryData<string, float[]> Values => new()
    {
        { "random", [.. Enumerable.Range(0, 5_000).Select(i => (float)(i * 7_919L % 5_003))] },
        { "rising", [.. Enumerable.Range(0, 5_000).Select(i => (float)i)] },
        { "equal", new float[5_000] },
        { "few levels", [.. Enumerable.Range(0, 5_000).Select(i => -(float)(i % 3))] },
        { "one", [1f] },
        { "with nothing", [0f, float.NegativeInfinity, -0f, 1e30f, float.NegativeInfinity] },
    };

    [Theory, MemberData(nameof(Values))]
    public void Item_AnyValues_IsTheStableOrder(string name, float[] values)
    {
        int[] expected = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i])];
        var ranking = new TokenRanking();
        ranking.Load(values);
        Assert.True(expected.SequenceEqual(Enumerable.Range(0, values.Length).Select(place => ranking[place])), name);
        foreach (int kept in (int[])[0, 1, values.Length / 2, values.Length])
        {
            float[] some = [.. values];
            ranking.Load(some);
            ranking.KeepFirst(kept, some);
            for (int i = 0; i < values.Length; i++)
                Assert.Equal(Array.IndexOf(expected, i) < kept ? values[i] : float.NegativeInfinity, some[i]);
        }
    }

    // Like word counts: long runs of equal values below a few others. Quadratic time would take minutes.
    [Fact]
    public void Item_ManyEqualValues_TakesNoQuadraticTime()
    {
        float[] values = [.. Enumerable.Range(0, 200_000).Select(i => i % 1_000 == 0 ? i : -(i / 50_000))];
        var ranking = new TokenRanking();
        for (int round = 0; round < 5; round++)
        {
            ranking.Load(values);
            Assert.Equal(199_000, ranking[0]);
            Assert.Equal(Enumerable.Range(1, 999), Enumerable.Range(200, 999).Select(place => ranking[place]));
            Assert.Equal(150_001, ranking[150_000 + 50]);
        }
    }
}
