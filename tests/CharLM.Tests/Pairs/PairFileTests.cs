using CharLM.Batching;
using CharLM.Pairs;
using CharLM.Randomness;

namespace CharLM.Tests.Pairs;

public sealed class PairFileTests
{
    [Fact]
    public void Parse_Lines_GivesPairsWithTheirLines() =>
        Assert.Equal([new TextPair("57+68", "125", 1), new TextPair("ä b", "c", 2)], PairFile.Parse("57+68\t125\r\nä b\tc\n", "file"));

    [Theory]
    [InlineData("a\tb\nc\n", "file, line 2: has 1 column, expected 2: source<TAB>target")]
    [InlineData("a\tb\n\n", "file, line 2: has 1 column, expected 2: source<TAB>target")]
    [InlineData("a\tb\tc", "file, line 1: has 3 columns, expected 2: source<TAB>target")]
    [InlineData("a\tb\n\tc", "file, line 2: has an empty source (the first column)")]
    [InlineData("a\t\n", "file, line 1: has an empty target (the second column)")]
    [InlineData("", "file: is empty; a line is source<TAB>target")]
    public void Parse_LineWithoutPair_IsRefusedWithItsPlace(string text, string message) =>
        Assert.Equal(message, Assert.Throws<PairFileException>(() => PairFile.Parse(text, "file")).Message);

    [Fact]
    public void Plan_AnyEpoch_HasEveryExampleOnceAndLikeLengthsTogether()
    {
        int[] lengths = [.. Enumerable.Range(0, 1000).Select(i => i * 7919 % 50)];
        int[][] plan = LengthBuckets.Plan(lengths, 16, new RandomStream(1));
        Assert.Equal(Enumerable.Range(0, 1000), plan.SelectMany(batch => batch).Order());
        Assert.All(plan, batch => Assert.InRange(batch.Length, 1, 16));
        // 16 adjacent of 200 sorted examples with 50 lengths span about 4 lengths; 16 random ones would span 44.
        Assert.All(plan, batch => Assert.InRange(batch.Max(i => lengths[i]) - batch.Min(i => lengths[i]), 0, 10));
        Assert.NotEqual(plan.SelectMany(batch => batch), LengthBuckets.Plan(lengths, 16, new RandomStream(2)).SelectMany(batch => batch));
    }
}
