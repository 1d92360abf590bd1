using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Tests.Workbench.Reports.Runs;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Checkpoints;

/// <summary>
/// Checkpoints of every kind with a null or missing value in their metadata: the reader accepts the file or throws its own exception, and
/// refuses files that are meaningless without the value.
/// </summary>
public sealed class NullPartTests : IDisposable
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly PairFile Pairs = new("pairs", new string('0', 64), [new("ab", "a", 1), new("ba", "b", 2)]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Kinds => ["language model", "n-grams", "classifier", "translator"];

    [Theory, MemberData(nameof(Kinds))]
    public void Read_AnyValueThatIsNullOrMissing_IsTakenOrRefusedByTheOneException(string kind)
    {
        (string file, Action<string> read) = Written(kind);
        read(file);
        (JsonObject header, byte[] data) = Parse(File.ReadAllBytes(file));
        string changed = _folder.File("changed");
        int refused = 0;
        foreach ((string part, JsonNode? text) in header["__metadata__"]!.AsObject()
            .Where(entry => entry.Value!.GetValue<string>().StartsWith('{')).ToList())
        {
            foreach (string path in PathsOf(JsonNode.Parse(text!.GetValue<string>())!))
            {
                foreach (bool removed in new[] { false, true })
                {
                    File.WriteAllBytes(changed,
                        Sealed(header, data, part, Without(JsonNode.Parse(text.GetValue<string>())!, path, removed)));
                    try
                    {
                        read(changed);
                    }
                    catch (CheckpointException e)
                    {
                        Assert.DoesNotContain("SHA-256", e.Message, StringComparison.Ordinal);
                        refused++;
                    }
                }
            }
        }
        Assert.True(refused > 10, $"only {refused} were refused");
    }

    [Theory]
    [InlineData("language model", "training", "schedule")]
    [InlineData("language model", "vocab", "tokens")]
    [InlineData("language model", "corpus", "sha256")]
    [InlineData("language model", "resume", "trainer")]
    [InlineData("n-grams", "corpus", "name")]
    [InlineData("classifier", "model", "model")]
    [InlineData("classifier", "resume", "trainer")]
    [InlineData("translator", "model", "model")]
    [InlineData("translator", "training", "schedule")]
    [InlineData("translator", "target", "tokens")]
    public void Read_NullWhereAValueIsDue_IsDamaged(string kind, string part, string property)
    {
        (string file, Action<string> read) = Written(kind);
        (JsonObject header, byte[] data) = Parse(File.ReadAllBytes(file));
        JsonNode value = JsonNode.Parse(header["__metadata__"]![part]!.GetValue<string>())!;
        File.WriteAllBytes(_folder.File("changed"), Sealed(header, data, part, Without(value, property, removed: false)));
        Assert.Contains($"has a damaged '{part}' in its metadata",
            Assert.Throws<CheckpointException>(() => read(_folder.File("changed"))).Message, StringComparison.Ordinal);
    }

    private (string File, Action<string> Read) Written(string kind)
    {
        switch (kind)
        {
            case "language model":
                TrainedRun.In(_folder.File("run"));
                return (new RunDirectory(_folder.File("run")).LastCheckpointPath, path => CheckpointFile.Read(path));
            case "n-grams":
                NGramFile.Write(_folder.File("n-grams"), new NGramCheckpoint
                {
                    Model = NGramModel.Train(new[] { 1, 2, 2, 1 }, 2, 3),
                    Text = new TextConfig(),
                    Vocab = Vocab.Restore([Vocab.Unknown, "a", "b"]),
                    Corpus = new CorpusRecord("text", "00"),
                    Progress = new TrainingProgress { Epochs = 1 },
                });
                return (_folder.File("n-grams"), path => ModelFile.Read(path));
            case "classifier":
                return OfRun(new ClassifierConfig { Model = new ModelConfig { NumHiddens = 3 } });
            default:
                return OfRun(new TranslatorConfig { Model = new ModelConfig { NumHiddens = 3 } });
        }
    }

    private (string File, Action<string> Read) OfRun(PairConfig model)
    {
        var config = new PairRunConfig(model) { Data = "pairs", Training = new TrainerConfig { NumEpochs = 1 } };
        using RunSession session = RunKind.Of(model.Kind).New(_folder.File("run"));
        new PairRun(config, threads: 1, session: session).Execute(Pairs);
        return (session.Directory.LastCheckpointPath, path => TrainedModel.Open(PairModelFile.Read(path, model)).Dispose());
    }

    private static (JsonObject Header, byte[] Data) Parse(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        return (JsonNode.Parse(file.AsSpan(8, length))!.AsObject(), file[(8 + length)..]);
    }

    // Paths such as model.cell, for every value that is not a list item.
    private static IEnumerable<string> PathsOf(JsonNode node) => node is not JsonObject mapping ? [] :
        mapping.SelectMany(entry =>
            entry.Value is null ? [entry.Key] : PathsOf(entry.Value).Select(path => $"{entry.Key}.{path}").Prepend(entry.Key));

    private static JsonNode Without(JsonNode part, string path, bool removed)
    {
        string[] keys = path.Split('.');
        JsonObject owner = keys[..^1].Aggregate(part, (node, key) => node[key]!).AsObject();
        if (removed)
            owner.Remove(keys[^1]);
        else
            owner[keys[^1]] = null;
        return part;
    }

    // The format's checksum: SHA-256 over the file with its own digits zero.
    private static byte[] Sealed(JsonObject header, byte[] data, string part, JsonNode value)
    {
        JsonObject changed = header.DeepClone().AsObject();
        string zeros = new('0', 64);
        changed["__metadata__"]![part] = value.ToJsonString(Relaxed);
        changed["__metadata__"]!["checksum"] = zeros;
        string text = changed.ToJsonString(Relaxed);
        string digits = Convert.ToHexStringLower(SHA256.HashData(Bytes(text)));
        return Bytes(text.Replace($"\"checksum\":\"{zeros}\"", $"\"checksum\":\"{digits}\"", StringComparison.Ordinal));

        byte[] Bytes(string json)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(json), length = new byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)utf8.Length);
            return [.. length, .. utf8, .. data];
        }
    }
}
