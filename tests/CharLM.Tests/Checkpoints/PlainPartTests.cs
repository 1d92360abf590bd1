using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Tests.Checkpoints;

/// <summary>The quick reader of metadata reads what the serializer reads, or leaves it to the serializer.</summary>
public sealed class PlainPartTests
{
    private static readonly JsonSerializerOptions Options = CheckpointMetadata.Json;

    public static TheoryData<string, Type> Parts
    {
        get
        {
            var parts = new TheoryData<string, Type>();
            foreach (object part in new object[]
            {
                new ModelConfig(),
                new ModelConfig { Cell = CellKind.Lstm, NumLayers = 2, Dropout = 0.25, ForgetBias = -1.5, GruForm = null },
                new ModelConfig { Cell = CellKind.Own, OwnCell = "mine", Implementation = Implementation.Custom },
                new TrainerConfig(),
                new TrainerConfig { Optimizer = OptimizerKind.AdamW, LearningRate = 1e-3, Seed = long.MaxValue, ClipNorm = 0 },
                new TextConfig(),
                new TextConfig { Cleaning = Cleaning.None, Token = TokenKind.Word, MinFreq = 3 },
                new TrainingProgress(),
                new TrainingProgress { Epochs = 3, TrainLoss = 1.25, HeldOutLoss = double.PositiveInfinity, BestEpoch = 2 },
                new CorpusRecord("a\"\u00e4\ud83d\ude00", new string('0', 64)) { Texts = ["x", "y\n"], Prefix = "", Temperature = 0.8 },
            })
                parts.Add(JsonSerializer.Serialize(part, part.GetType(), Options), part.GetType());
            return parts;
        }
    }

    [Theory, MemberData(nameof(Parts))]
    public void TryRead_WhatTheToolkitWrites_IsWhatTheSerializerReads(string json, Type type)
    {
        object? read = PlainPart.TryRead(json, type, Options);
        // A loss that is not finite is written as a string.
        if (!json.Contains("Infinity", StringComparison.Ordinal))
            Assert.NotNull(read);
        object expected = JsonSerializer.Deserialize(json, type, Options)!;
        Assert.Equal(Written(expected), Written(read ?? expected));
    }

    // Every property in turn: missing, null, another type, another name, an unknown choice, a number that does not fit.
    [Theory, MemberData(nameof(Parts))]
    public void TryRead_AnyDamage_IsLeftToTheSerializerOrReadAsItReads(string json, Type type)
    {
        JsonNode?[] others = [null, JsonValue.Create(true), JsonValue.Create(1.5), JsonValue.Create(1e30), JsonValue.Create(-7), "none",
            "LSTM", "", "NaN", new JsonArray(1, 2), new JsonArray("a", null), new JsonObject()];
        foreach (string name in JsonNode.Parse(json)!.AsObject().Select(entry => entry.Key).ToList())
        {
            JsonObject missing = JsonNode.Parse(json)!.AsObject();
            missing.Remove(name);
            Check(missing, type);
            foreach (JsonNode? other in others)
            {
                JsonObject changed = JsonNode.Parse(json)!.AsObject();
                changed[name] = other?.DeepClone();
                Check(changed, type);
                changed[name.ToUpperInvariant()] = JsonNode.Parse(json)![name]?.DeepClone();
                Check(changed, type);
            }
        }
        Assert.All(new[] { "", "null", "[]", "{", "3", "{\"a\":" + new string('[', 20) }, text =>
            Assert.Null(PlainPart.TryRead(text, type, Options)));
    }

    private static void Check(JsonObject part, Type type)
    {
        string json = part.ToJsonString();
        if (PlainPart.TryRead(json, type, Options) is { } read)
            Assert.Equal(Written(JsonSerializer.Deserialize(json, type, Options)!), Written(read));
    }

    private static string Written(object part) => JsonSerializer.Serialize(part, part.GetType(), Options);
}
