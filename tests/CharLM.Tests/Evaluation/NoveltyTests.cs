using CharLM.Evaluation;

namespace CharLM.Tests.Evaluation;

public sealed class NoveltyTests
{
    [Theory]
    [InlineData("the cat sat", "on the mat the cat sat down", 0, 11, 1.0)]
    [InlineData("xxthe cat satyy", "the cat sat", 2, 11, 4.0 / 8)]
    [InlineData("abc", "xbcx", 1, 2, null)]
    [InlineData("abc", "xyz", 0, 0, null)]
    [InlineData("", "xyz", 0, 0, null)]
    [InlineData("abcdefgh", "", 0, 0, 0.0)]
    public void Result_KnownTexts_NamesTheLongestCopy(string generated, string training, int begin, int length, double? share)
    {
        var meter = new NoveltyMeter(Ids(generated));
        meter.Read(Ids(training));

        Assert.Equal(new Novelty(length == 0 ? 0 : begin, length, share), meter.Result());
    }

    // The reference compares all passages with each other.
    [Fact]
    public void Result_RandomTexts_IsThatOfComparingAllPassages()
    {
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            string generated = Text(random, random.Next(0, 40)), training = Text(random, random.Next(0, 80));
            var meter = new NoveltyMeter(Ids(generated));
            int cut = random.Next(training.Length + 1);
            meter.Read(Ids(training[..cut]));
            meter.Read(Ids(training[cut..]));
            Novelty novelty = meter.Result();

            int longest = Enumerable.Range(0, generated.Length + 1).Last(length => Enumerable.Range(0, generated.Length - length + 1)
                .Any(begin => training.Contains(generated.Substring(begin, length), StringComparison.Ordinal)));
            string[] grams = [.. Enumerable.Range(0, Math.Max(0, generated.Length - 7)).Select(begin => generated.Substring(begin, 8))];
            Assert.Equal(longest, novelty.LongestLength);
            Assert.Contains(generated.Substring(novelty.LongestBegin, longest), training, StringComparison.Ordinal);
            Assert.Equal(grams.Length == 0 ? null : grams.Average(gram => training.Contains(gram, StringComparison.Ordinal) ? 1.0 : 0),
                novelty.CopiedShare);
        }
    }

    private static string Text(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(2))));

    private static int[] Ids(string text) => [.. text.Select(c => (int)c)];
}
