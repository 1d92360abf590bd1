using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Serving.Http;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Endpoints;

/// <summary>The runs of a folder with their curves, while they train and after: <c>/api/runs</c>.</summary>
/// <param name="folder">The folder; may be missing.</param>
internal sealed class RunsEndpoint(string folder)
{
    private const int MostRuns = 500, MostSamples = 12, LongestSample = 2_000;

    /// <summary>Answers with the list, the newest run first.</summary>
    public Task ListAsync(HttpContext context) => Json.RespondAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("folder", folder);
        json.WriteStartArray("runs");
        foreach (RunDirectory run in Runs().OrderByDescending(run => File.GetLastWriteTimeUtc(run.ConfigPath)).Take(MostRuns))
        {
            json.WriteStartObject();
            json.WriteString("name", run.Name);
            json.WriteString("state", Choices.NameOf(run.State));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Answers with one run.</summary>
    /// <param name="context">The request; <c>after=N</c> leaves the first N epochs out.</param>
    /// <param name="name">The run's name.</param>
    public Task ShowAsync(HttpContext context, string name)
    {
        // Only names that the folder lists, so that no path leads out of it.
        RunDirectory run = Runs().FirstOrDefault(one => one.Name == name)
            ?? throw new ApiException(StatusCodes.Status404NotFound, "there is no such run in the folder");
        int after = int.TryParse(context.Request.Query["after"], out int epochs) && epochs > 0 ? epochs : 0;
        RunRecord? record = Try(() => RunRecord.Read(run.Path));
        IReadOnlyList<EpochMetrics> metrics = record?.Epochs ?? Try(() => EpochMetrics.Read(run.MetricsPath)) ?? [];
        IReadOnlyList<RunSample> samples = record?.Samples ?? Try(() => SampleFile.Read(run.SamplesPath)) ?? [];
        return Json.RespondAsync(context, StatusCodes.Status200OK, json => Write(json, run, record, metrics, samples, after));
    }

    private IReadOnlyList<RunDirectory> Runs() => Try(() => RunDirectory.In(folder)) ?? [];

    private static void Write(
        Utf8JsonWriter json, RunDirectory run, RunRecord? record, IReadOnlyList<EpochMetrics> metrics, IReadOnlyList<RunSample> samples,
        int after)
    {
        json.WriteStartObject();
        json.WriteString("name", run.Name);
        json.WriteString("state", Choices.NameOf(run.State));
        if (record?.Model is { } model)
            json.WriteString("model", $"{model.CellName}, {model.NumLayers} x {model.NumHiddens}");
        if (record?.Settings is { } settings)
            json.WriteString("text", settings.ShortNames.Data);
        json.WriteString("loss", record?.IsOnPairs == true ? "loss" : "perplexity");
        json.WriteNumber("count", metrics.Count);
        json.WriteStartArray("epochs");
        foreach (EpochMetrics epoch in metrics.Skip(after))
            Write(json, epoch, record?.IsOnPairs == true);
        json.WriteEndArray();
        json.WriteStartArray("samples");
        foreach (RunSample sample in samples.TakeLast(MostSamples).Reverse())
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", sample.Epoch);
            json.WriteString("text", sample.Text.Length <= LongestSample ? sample.Text : sample.Text[..LongestSample]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, EpochMetrics epoch, bool isOnPairs)
    {
        json.WriteStartObject();
        json.WriteNumber("epoch", epoch.Epoch);
        json.WriteNumber("step", epoch.Step);
        Number("seconds", epoch.ElapsedSeconds);
        Number("train", isOnPairs ? epoch.TrainLoss : epoch.TrainPerplexity);
        Number("held_out", isOnPairs ? epoch.HeldOutLoss : epoch.HeldOutPerplexity);
        Number("gradient_norm", epoch.GradientNorm);
        Number("learning_rate", epoch.LearningRate);
        Number("tokens_per_second", epoch.TokensPerSecond);
        json.WriteEndObject();

        void Number(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number))
                json.WriteNumber(name, number);
        }
    }

    // A run that is just beginning, or a damaged file, leaves out what cannot be read yet.
    private static T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CheckpointException or ConfigFileException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
