using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.PyTorch;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Fuzzing;

/// <summary>
/// Mutated files: a reader accepts a file or throws one of its own exceptions, and allocates no more than the file's size justifies. A
/// few thousand by default; CHARLM_FUZZ sets the number per reader (scripts/fuzz).
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private const long SpareBytes = 8 << 20;

    private static readonly int Inputs = int.TryParse(Environment.GetEnvironmentVariable("CHARLM_FUZZ"), out int inputs) ? inputs : 600;

    // Values that break size arithmetic, and syntax that confuses parsers.
    private static readonly string[] Words =
    [
        "0", "-1", "1e309", "2147483648", "9223372036854775807", "18446744073709551616", "4294967297", "0.5", "null", "true", "[]", "{}",
            "[[[[[[[[[[[[[[[[[[[[", "\"\"",
        "\\u0000", "NaN", "F64", "BOOL", "../../etc/passwd", "__metadata__", "data_offsets", "shape", "resume", "checksum", "&a *a",
            "!!binary x", "\t", "\n- ", ": ", "|", ">", "#", "'",
    ];

    private static readonly Vocab Tokens = Vocab.Restore([Vocab.Unknown, "a", "b"]);

    private static readonly Vocab FiveTokens = Vocab.Restore([Vocab.Unknown, "a", "b", "c", "d"]);

    private readonly TemporaryFolder _folder = new();

    private static string PyTorchSaved => Repository.File("tests", "CharLM.Tests", "golden", "pytorch", "lstm-2.pt");

    private string Path => _folder.File("file");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CheckpointFile_MutatedFiles_AreReadWholeOrRefused() => Fuzz("checkpoint", CheckpointBytes(), path =>
    {
        Checkpoint read = CheckpointFile.Read(path);
        Assert.Equal(Sizes(WeightShapes.Of(read.Model, read.Vocab.Count)),
            read.Weights.Select(weight => (weight.Key, weight.Value.Values.LongLength)).Order());
    });

    [Fact]
    public void SequenceModelFile_MutatedFiles_AreReadWholeOrRefused() => Fuzz("classifier", ClassifierBytes(), path =>
    {
        PairCheckpoint read = PairModelFile.Read(path, new ClassifierConfig());
        Assert.Equal(Sizes(read.Config.Shapes(read.Source, read.Target)),
            read.Weights.Select(weight => (weight.Key, weight.Value.Values.LongLength)).Order());
    });

    [Fact]
    public void ModelFile_MutatedNGrams_AreReadWholeOrRefused() => Fuzz("n-grams", NGramBytes(), path =>
    {
        // Any query of an accepted file must stay within its lists.
        using IPredictor predictor = ((NGramCheckpoint)ModelFile.Read(path)).Model.Predictor();
        Assert.NotNull(predictor);
    });

    [Fact]
    public void StateDictFile_MutatedFiles_AreImportedOrRefused()
    {
        Checkpoint checkpoint = SmallCheckpoint();
        StateDictFile.Export(Path, checkpoint with { Resume = null });
        Fuzz("state-dict", File.ReadAllBytes(Path), path => StateDictFile.Import(path, new ImportConfig()));
    }

    [Fact]
    public void StateDictFile_MutatedFilesOfTorchSave_AreImportedOrRefused() =>
        Fuzz("torch.save", File.ReadAllBytes(PyTorchSaved), path => StateDictFile.Import(path, new ImportConfig { Vocab = FiveTokens }));

    [Fact]
    public void StateDictFile_MutatedPickles_AreImportedOrRefused()
    {
        // Only the pickle is mutated, since a damaged archive would rarely be read that far.
        byte[] pickle = [];
        var records = new Dictionary<string, byte[]>();
        using (ZipArchive archive = ZipFile.OpenRead(PyTorchSaved))
        {
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                using var bytes = new MemoryStream();
                using Stream record = entry.Open();
                record.CopyTo(bytes);
                if (entry.Name == "data.pkl")
                    pickle = bytes.ToArray();
                else
                    records[entry.FullName.Split('/', 2)[1]] = bytes.ToArray();
            }
        }
        Fuzz("pickle", pickle, path =>
        {
            string file = _folder.File("mutated.pt");
            using (ZipArchive archive = ZipFile.Open(file, ZipArchiveMode.Create))
            {
                archive.CreateEntryFromFile(path, "archive/data.pkl");
                foreach ((string name, byte[] bytes) in records)
                {
                    using Stream record = archive.CreateEntry($"archive/{name}").Open();
                    record.Write(bytes);
                }
            }
            try
            {
                StateDictFile.Import(file, new ImportConfig { Vocab = FiveTokens });
            }
            finally
            {
                File.Delete(file);
            }
        });
    }

    [Fact]
    public void RunConfigFile_MutatedTexts_AreReadOrRefused() =>
        Fuzz("config", Encoding.UTF8.GetBytes(RunConfigFile.Write(new RunConfig())), path =>
            Assert.NotNull(RunConfigFile.Read(path).Errors().ToList()));

    [Fact]
    public void SequenceRunConfig_MutatedTexts_AreReadOrRefused() => Fuzz(
        "config of pairs",
        Encoding.UTF8.GetBytes(RunConfigFile.Write(new PairRunConfig(new TranslatorConfig()) { Data = "pairs", Validation = "others" })),
        path => Assert.NotNull(RunConfigFile.Read(path, new PairRunConfig(new TranslatorConfig())).Errors().ToList()));

    [Fact]
    public void EpochMetrics_MutatedLinesOfPairs_AreReadOrRefused()
    {
        string line = """{"epoch":1,"step":2,"train_loss":0.7,"held_out_loss":0.6,"held_out":{"accuracy":0.5,"macro_f1":0.4},"gradient_norm":0.3,"learning_rate":1,"predictions_per_second":16364.1,"seconds":0.1,"elapsed_seconds":0.2}""";
        Fuzz("metrics of pairs", Encoding.UTF8.GetBytes($"{line}\n{line}\n"), path => EpochMetrics.Read(path));
    }

    [Fact]
    public void EpochMetrics_MutatedLines_AreReadOrRefused()
    {
        string line = """{"epoch":1,"step":2,"train_perplexity":27.7,"gradient_norm":0.3,"learning_rate":1,"tokens_per_second":16364.1,"seconds":0.1,"elapsed_seconds":0.2}""";
        Fuzz("metrics", Encoding.UTF8.GetBytes($"{line}\n{line}\n"), path => EpochMetrics.Read(path));
    }

    private static Checkpoint SmallCheckpoint()
    {
        var model = new ModelConfig { NumHiddens = 2 };
        Dictionary<string, WeightArray> weights = Zeros(WeightShapes.Of(model, Tokens.Count));
        return new Checkpoint
        {
            Model = model.Resolved(),
            Text = new TextConfig(),
            Vocab = Tokens,
            Training = new TrainerConfig { Optimizer = OptimizerKind.Adam },
            Corpus = new CorpusRecord("text", "00"),
            Progress = new TrainingProgress { Epochs = 1 },
            Weights = weights,
            Resume = Resume(weights, hidden: 8),
        };
    }

    private static ResumeState Resume(Dictionary<string, WeightArray> weights, int hidden) => new()
    {
        Trainer = new TrainerState
        {
            Epoch = 1,
            Batch = 2,
            Nats = 3,
            Tokens = 4,
            GradientNorms = 5,
            Seconds = 6,
            LearningRate = 7,
            Schedule = Schedule.Memory.Fresh,
            OptimizerSteps = 8,
            Moments = weights.ToDictionary(weight => $"exp_avg.{weight.Key}", weight => weight.Value.Values, StringComparer.Ordinal),
            Hidden = new float[hidden],
        },
        Step = 9,
        ElapsedSeconds = 10,
        MetricsBytes = 11,
        SamplesBytes = 12,
    };

    private static Dictionary<string, WeightArray> Zeros(IReadOnlyDictionary<string, long[]> shapes) =>
        shapes.ToDictionary(weight => weight.Key, weight =>
            new WeightArray(weight.Value, new float[SizeOf(weight.Value)]), StringComparer.Ordinal);

    private static IEnumerable<(string, long)> Sizes(IReadOnlyDictionary<string, long[]> shapes) =>
        shapes.Select(weight => (weight.Key, SizeOf(weight.Value))).Order();

    private static long SizeOf(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    private byte[] ClassifierBytes()
    {
        var config = new ClassifierConfig { Model = new ModelConfig { NumHiddens = 2 } };
        Dictionary<string, WeightArray> weights = Zeros(Classifier.Shapes(config, Tokens.Count, Tokens.Count - 1));
        PairModelFile.Write(Path, new PairCheckpoint
        {
            Config = config,
            Source = Tokens,
            Target = Tokens,
            Training = new TrainerConfig { Optimizer = OptimizerKind.Adam },
            Corpus = new CorpusRecord("pairs", "00"),
            Progress = new TrainingProgress { Epochs = 1 },
            Weights = weights,
            Resume = Resume(weights, hidden: 0),
        });
        return File.ReadAllBytes(Path);
    }

    private byte[] CheckpointBytes()
    {
        CheckpointFile.Write(Path, SmallCheckpoint());
        return File.ReadAllBytes(Path);
    }

    private byte[] NGramBytes()
    {
        NGramFile.Write(Path, new NGramCheckpoint
        {
            Model = NGramModel.Train(new[] { 1, 2, 2, 1, 1, 2, 1, 2, 2, 1 }, 2, Tokens.Count),
            Text = new TextConfig { MaxTokens = 0 },
            Vocab = Tokens,
            Corpus = new CorpusRecord("text", "00"),
            Progress = new TrainingProgress { Epochs = 1 },
        });
        return File.ReadAllBytes(Path);
    }

    private void Fuzz(string name, byte[] good, Action<string> read)
    {
        var random = new RandomStream(0, name);
        File.WriteAllBytes(Path, good);
        read(Path);
        int taken = 0;
        for (int input = 0; input < Inputs; input++)
        {
            byte[] bytes = Mutate(good, random);
            File.WriteAllBytes(Path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(Path);
                taken++;
            }
            catch (Exception e) when (e is CheckpointException or ConfigFileException or InvalidConfigException)
            {
                // Refused.
            }
            catch (Exception e)
            {
                Assert.Fail($"{name}, input {input}: {e}\n{Convert.ToBase64String(bytes)}");
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < SpareBytes + (100L * bytes.Length),
                $"{name}, input {input}: {allocated} bytes for a file of {bytes.Length}\n{Convert.ToBase64String(bytes)}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {Inputs} inputs, {taken} taken");
    }

    private static byte[] Mutate(byte[] good, RandomStream random)
    {
        List<byte> bytes = [.. good];
        for (int change = random.Next(4); change >= 0 && bytes.Count > 0; change--)
        {
            int place = random.Next(bytes.Count), count = Math.Min(1 + random.Next(32), bytes.Count - place);
            switch (random.Next(8))
            {
                case 0:
                    bytes[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[place] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(place, count);
                    break;
                case 3:
                    bytes.RemoveRange(place, bytes.Count - place);
                    break;
                case 4:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(place, count));
                    break;
                case 5:
                    ReplaceNumber(bytes, place, Words[random.Next(Words.Length)]);
                    break;
                default:
                    bytes.InsertRange(place, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]));
                    break;
            }
        }
        byte[] mutated = [.. bytes];
        // A wrong checksum or length would hide all later checks.
        return random.Next(2) == 0 ? mutated : Sealed(mutated, good);
    }

    private static void ReplaceNumber(List<byte> bytes, int from, string word)
    {
        int begin = bytes.FindIndex(from, value => char.IsAsciiDigit((char)value));
        if (begin < 0)
            return;
        int end = bytes.FindIndex(begin, value => !char.IsAsciiDigit((char)value));
        bytes.RemoveRange(begin, (end < 0 ? bytes.Count : end) - begin);
        bytes.InsertRange(begin, Encoding.UTF8.GetBytes(word));
    }

    // Restores the header's length and the file's checksum: SHA-256 over the file with its own digits zero.
    private static byte[] Sealed(byte[] bytes, byte[] good)
    {
        const int LengthBytes = 8, Digits = 64;
        if (bytes.Length < LengthBytes || good.AsSpan().IndexOf("\"checksum\":\""u8) < 0)
            return bytes;
        long dataBytes = good.Length - LengthBytes - (long)BinaryPrimitives.ReadUInt64LittleEndian(good);
        if (bytes.Length - LengthBytes - dataBytes is > 0 and var headerBytes)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)headerBytes);
        int key = bytes.AsSpan().IndexOf("\"checksum\":\""u8);
        if (key < 0 || bytes.Length < key + 12 + Digits)
            return bytes;
        Span<byte> digits = bytes.AsSpan(key + 12, Digits);
        digits.Fill((byte)'0');
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(bytes))).CopyTo(digits);
        return bytes;
    }
}
