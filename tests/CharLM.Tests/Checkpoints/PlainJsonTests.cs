using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Checkpoints;

/// <summary>The quick writer writes the serializer's bytes, or leaves an object to the serializer.</summary>
public sealed class PlainJsonTests
{
    // Of the parts of a model, and of records with numbers that JSON lacks.
    private static readonly JsonSerializerOptions[] Options =
        [CheckpointMetadata.Json, new(CheckpointMetadata.Json) { Converters = { new FiniteNumber<double>() } }];

    private static readonly object[] Plain =
    [
        new ModelConfig(),
        new ModelConfig { Cell = CellKind.Lstm, NumLayers = 2, Dropout = 0.25, ForgetBias = -1.5, GruForm = GruForm.ResetBefore },
        new ModelConfig { Cell = CellKind.Own, OwnCell = "m\u00efne \"\u4e2d\u6587\" <b>\u0007\ud83d\ude00", Implementation = Implementation.Custom },
        new TrainerConfig(),
        new TrainerConfig { Optimizer = OptimizerKind.AdamW, LearningRate = 1e-7, Seed = long.MinValue, Freeze = "a,b\n" },
        new TextConfig { Cleaning = Cleaning.None, Token = TokenKind.Word, MinFreq = 3 },
        new TrainingProgress { Epochs = 3, TrainLoss = 0.1 + 0.2, HeldOutLoss = 1e-300, BestEpoch = 2 },
        new CorpusRecord("a\"\u00e4\ud83d\ude00", new string('0', 64)) { Texts = ["x", "y\n"], Prefix = "", Temperature = 0.8 },
        Metrics(isOfPairs: false),
        Metrics(isOfPairs: true),
        new[] { 1.5, -0.0, double.MaxValue, double.Epsilon },
        new[] { "a", null },
        new { Name = "x", Numbers = new[] { 1, 2 }, Inner = new { Yes = true, Nothing = (string?)null, Few = 1.5f } },
        Array.Empty<ModelConfig>(),
        new[] { new TextConfig(), new TextConfig { MaxTokens = 7 } },
    ];

    // Numbers that are not finite are written by a converter or refused; the rest has no place in files of models.
    private static readonly object[] Others =
    [
        new TrainingProgress { HeldOutLoss = double.PositiveInfinity },
        new[] { double.NaN },
        new Dictionary<string, int> { ["A b"] = 1 },
        new { Anything = (object)1.5m },
        new { Days = DayOfWeek.Friday | DayOfWeek.Tuesday | (DayOfWeek)64 },
        new HttpSource { Address = new Uri("https://example.org/a.txt") },
        new Derived(1, 2),
        new Renamed(3),
        DateTimeOffset.UnixEpoch,
    ];

    [Fact]
    public void TryWrite_RecordsOfTheToolkit_AreTheSerializersBytes() => Assert.All(Plain, record => Assert.All(Options, options =>
        Assert.Equal(JsonSerializer.Serialize(record, record.GetType(), options), PlainJson.TryWrite(record, record.GetType(), options))));

    [Fact]
    public void Serialize_AnythingElse_IsLeftToTheSerializer() => Assert.All(Others, value => Assert.All(Options, options =>
    {
        Assert.Null(PlainJson.TryWrite(value, value.GetType(), options));
        Assert.Equal(Outcome(() => JsonSerializer.Serialize(value, options)), Outcome(() => PlainJson.Serialize(value, options)));
    }));

    [Fact]
    public void Serialize_ABaseType_WritesWhatThatTypeHas()
    {
        Base value = new Derived(1, 2);

        Assert.Equal(JsonSerializer.Serialize(value, Options[0]), PlainJson.Serialize(value, Options[0]));
        Assert.Equal("{\"value\":{\"a\":1}}", PlainJson.Serialize(new { Value = value }, Options[0]));
    }

    [Fact]
    public void TryWrite_AnyNumber_IsTheSerializersText()
    {
        var random = new Random(7);
        for (int i = 0; i < 10_000; i++)
        {
            double number = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(number))
                Assert.Equal(JsonSerializer.Serialize(number), PlainJson.TryWrite(number, typeof(double), Options[0]));
            float single = (float)random.NextDouble();
            Assert.Equal(JsonSerializer.Serialize(single), PlainJson.TryWrite(single, typeof(float), Options[0]));
        }
    }

    private static EpochMetrics Metrics(bool isOfPairs)
    {
        string json = JsonSerializer.Serialize(new EpochMetrics
        {
            Epoch = 1,
            Step = 2,
            TrainLoss = 1.5,
            GradientNorm = 0.25,
            LearningRate = 0.001,
            TokensPerSecond = 3,
            Seconds = 4,
            ElapsedSeconds = 5,
        }, Options[1]);
        return JsonSerializer.Deserialize<EpochMetrics>(
            isOfPairs ? json.Replace("tokens_per_second", "predictions_per_second", StringComparison.Ordinal) : json, Options[1])!;
    }

    private static string Outcome(Func<string> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            return e.GetType().Name;
        }
    }

    private record Base(int A);

    private sealed record Derived(int A, int B) : Base(A);

    private sealed record Renamed([property: JsonPropertyName("Other Name")] int Value);
}
