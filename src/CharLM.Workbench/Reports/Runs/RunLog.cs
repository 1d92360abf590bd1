using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Reads the JSON lines that <c>charlm train --log-json</c> writes: epochs and samples; other lines are passed over.</summary>
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
            // Behind the last line end stands nothing, or what a process wrote of a line before it was killed.
            if (Parse(lines[i]) is { } entry)
                Take(entry, epochs, samples);
            else if (i < lines.Length - 1)
                throw new FormatException($"is no log of charlm train: line {i + 1} is no JSON object");
        }
        return epochs.Count == 0
            ? throw new FormatException("is no log of charlm train: no line tells of an epoch")
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
        // A log of pairs has a loss for each prediction, and no text that its report could measure.
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
            // Logs of before have no losses.
            if (Number(entry, "train_loss") is { } loss)
                metrics = metrics with { TrainLoss = loss, HeldOutLoss = Number(entry, "held_out_loss") };
            epochs.Add(metrics);
        }
    }

    // JSON may name half of a surrogate pair; a text cannot hold it, which shows when it is asked for.
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
