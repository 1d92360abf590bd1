using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusCatalogTests : IDisposable
{
    private const string Faultless = """
        {
          "format": 1,
          "corpora": [{
            "name": "a", "title": "A", "author": "B", "licence": "CC0-1.0", "file": "a.txt", "bytes": 1,
            "sha1": "0123456789abcdef0123456789abcdef01234567",
            "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "sources": [
              { "kind": "http", "address": "https://example.org/a.txt" },
              { "kind": "npm", "package": "@x/y", "version": "1.2.3", "path": "package/a.txt",
                "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" },
              { "file": "a.txt", "kind": "file" }
            ]
          }]
        }
        """;

    private readonly CorpusBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Load_Faultless_ReadsEveryField()
    {
        CorpusEntry entry = Load(Faultless).Entries.Single();

        Assert.Equal(("a", "A", "B", "CC0-1.0", "a.txt", 1L),
            (entry.Name, entry.Title, entry.Author, entry.Licence, entry.FileName, entry.Bytes));
        Assert.Equal([typeof(HttpSource), typeof(NpmSource), typeof(FileSource)], entry.Sources.Select(source => source.GetType()));
    }

    [Theory]
    [InlineData("name", "../a")]
    [InlineData("name", "A")]
    [InlineData("name", "-a")]
    [InlineData("name", "auto")]
    [InlineData("file", "../a.txt")]
    [InlineData("file", "a/b.txt")]
    [InlineData("file", "a\\b.txt")]
    [InlineData("file", "..")]
    [InlineData("file", ".hidden")]
    [InlineData("file", "")]
    [InlineData("file", "a.txt\n")]
    [InlineData("file", "C:a.txt")]
    [InlineData("file", "a.partial")]
    [InlineData("file", "a.lock")]
    [InlineData("bytes", 0)]
    [InlineData("bytes", -1)]
    [InlineData("sha1", "0")]
    [InlineData("sha256", "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("sources/0/address", "ftp://example.org/a.txt")]
    [InlineData("sources/0/address", "file:///a.txt")]
    [InlineData("sources/0/address", "a.txt")]
    [InlineData("sources/0/address", "https://name:word@example.org/a.txt")]
    [InlineData("sources/1/package", "--registry=x")]
    [InlineData("sources/1/package", "https://example.org/a.tgz")]
    [InlineData("sources/1/package", "../y")]
    [InlineData("sources/1/version", "^1.2.3")]
    [InlineData("sources/1/version", "latest")]
    [InlineData("sources/1/path", "package/../../a.txt")]
    [InlineData("sources/1/path", "/etc/passwd")]
    [InlineData("sources/1/integrity", "sha1-AAAA")]
    [InlineData("sources/2/file", "../a.txt")]
    [InlineData("sources/2/file", "/a.txt")]
    public void Load_FaultyValue_IsRefusedByName(string path, object value)
    {
        CorpusCatalogException e = Assert.Throws<CorpusCatalogException>(() => Load(With(path, JsonSerializer.SerializeToNode(value))));

        Assert.Contains(" has 1 error: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Load_ManyFaults_ListsThemAll()
    {
        JsonNode document = JsonNode.Parse(Faultless)!;
        JsonArray corpora = document["corpora"]!.AsArray();
        JsonNode twin = corpora[0]!.DeepClone();
        twin["file"] = "A.TXT";
        twin["bytes"] = 0;
        twin["sources"] = new JsonArray();
        corpora.Add(twin);

        CorpusCatalogException e = Assert.Throws<CorpusCatalogException>(() => Load(document.ToJsonString()));

        Assert.Contains(
            "has 4 errors: a: bytes is 0; give the size of the file, 1 or more; a: sources is empty; give at least one; "
            + "the name 'a' is used twice; the file 'a.txt' is used twice",
            e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("title", null)]
    [InlineData("sources", null)]
    [InlineData("sources/0", null)]
    [InlineData("colour", "blue")]
    [InlineData("sources/0/kind", "gopher")]
    [InlineData("bytes", "many")]
    public void Load_FaultyShape_IsRefused(string path, object? value) =>
        Assert.Throws<CorpusCatalogException>(() => Load(With(path, JsonSerializer.SerializeToNode(value))));

    [Theory]
    [InlineData("", "is not a catalog of corpora")]
    [InlineData("null", "is not a catalog of corpora")]
    [InlineData("{ \"format\": 1 }", "is not a catalog of corpora")]
    [InlineData("{ \"format\": 2, \"corpora\": [] }", "has format 2; this program reads 1")]
    [InlineData("{ \"format\": 1, \"corpora\": [null] }", "holds a null")]
    public void Load_NoCatalog_SaysSo(string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<CorpusCatalogException>(() => Load(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_MissingFile_NamesThePath()
    {
        string path = _bench.PathOf("none.json");

        Assert.Contains($"'{path}'", Assert.Throws<CorpusCatalogException>(() => CorpusCatalog.Load(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Get_SwappedLetters_CountAsOneEdit()
    {
        var catalog = new CorpusCatalog([CorpusBench.Entry("abxy", "1.txt", [1], new FileSource { FileName = "1.txt" }),
            CorpusBench.Entry("abcd", "2.txt", [1], new FileSource { FileName = "2.txt" })], _bench.CatalogDirectory);

        Assert.Equal("abcd", Assert.Throws<UnknownCorpusException>(() => catalog.Get("abdc")).Nearest);
    }

    private static string With(string path, JsonNode? value)
    {
        JsonNode document = JsonNode.Parse(Faultless)!;
        JsonNode node = document["corpora"]![0]!;
        string[] steps = path.Split('/');
        foreach (string step in steps[..^1])
            node = int.TryParse(step, out int at) ? node[at]! : node[step]!;
        if (int.TryParse(steps[^1], out int last))
            node[last] = value;
        else
            node[steps[^1]] = value;
        return document.ToJsonString();
    }

    private CorpusCatalog Load(string content) => CorpusCatalog.Load(_bench.Write("catalog/catalog.json", Encoding.UTF8.GetBytes(content)));
}
