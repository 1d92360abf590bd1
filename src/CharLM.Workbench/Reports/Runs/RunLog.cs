using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Reads the JSON lines of <c>charlm train --log-json</c>: epochs and samples; other objects are ignored.</summary>
internal static class RunLog
{
    /// <exception cref="CheckpointException">The file cannot be read, or holds no epoch.</exception>
    public static RunRecord Read(string path) => SafetensorsFile.Read(path, stream =>
    {
        var epochs = new List<EpochMetrics>();
        var samples = new List<RunSample>();
        string[] lines = PlainFile.ReadText(stream).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            // After the last line end there is nothing, or part of a line by a killed process.
            if (Parse(lines[i]) is { } entry)
                Take(entry, epochs, samples);
            else if (i < lines.Length - 1)
                throw new FormatException($"is not a log of charlm train: line {i + 1} is not a JSON object");
        }
        return epochs.Count == 0
            ? throw new FormatException("is not a log of charlm train: it has no epoch")
            : new RunRecord { Name = Path.GetFileNameWithoutExtension(path), Epochs = epochs, Samples = samples };
    });

    private static JsonElement? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Take(JsonElement entry, List<EpochMetrics> epochs, List<RunSample> samples)
    {
        if (Number(entry, "epoch") is not (>= 0 and <= int.MaxValue and var epoch))
            return;
        if (entry.TryGetProperty("sample", out JsonElement sample) && sample.ValueKind == JsonValueKind.String)
        {
            samples.Add(new RunSample((int)epoch, Text(sample)));
        }
        // Logs of pairs have a loss per prediction, and no text to measure.
        else if (Number(entry, "predictions_per_second") is null && Number(entry, "train_perplexity") is { } perplexity)
        {
            var metrics = new EpochMetrics
            {
                Epoch = (int)epoch,
                Step = 0,
                TrainPerplexity = perplexity,
                HeldOutPerplexity = Number(entry, "held_out_perplexity"),
                GradientNorm = Number(entry, "gradient_norm") ?? double.NaN,
                LearningRate = Number(entry, "learning_rate") ?? double.NaN,
                TokensPerSecond = Number(entry, "tokens_per_second") ?? double.NaN,
                Seconds = Number(entry, "seconds") ?? double.NaN,
                ElapsedSeconds = Number(entry, "elapsed_seconds") ?? double.NaN,
            };
            // Older logs have no losses.
            if (Number(entry, "train_loss") is { } loss)
                metrics = metrics with { TrainLoss = loss, HeldOutLoss = Number(entry, "held_out_loss") };
            epochs.Add(metrics);
        }
    }

    // JSON may contain half of a surrogate pair, which only fails when the string is read.
    private static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new FormatException("holds a text that is not Unicode");
        }
    }

    // NaN and infinities are written as strings, since JSON has no such numbers.
    private static double? Number(JsonElement entry, string name) =>
        !entry.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String when double.TryParse(Text(value), out double number) => number,
            _ => null,
        };
}
