using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Workbench.Runs;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Endpoints;

/// <summary>The served models: <c>/v1/models</c>.</summary>
/// <param name="models">The models, the default one first.</param>
internal sealed class ModelList(IReadOnlyList<ServedModel> models)
{
    /// <summary>The model of a name; the first one without a name.</summary>
    /// <exception cref="ApiException">There is no such model.</exception>
    public ServedModel Of(string? id) => id is null ? models[0]
        : models.FirstOrDefault(model => model.Id == id) ?? throw new ApiException(
            StatusCodes.Status404NotFound, $"there is no model '{(id.Length <= 100 ? id : id[..100])}' here; the models are "
                + string.Join(", ", models.Select(model => model.Id)), "model", "model_not_found");

    /// <summary>Answers with all models.</summary>
    public Task ListAsync(HttpContext context) => Json.RespondAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (ServedModel model in models)
            Write(json, model);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Answers with one model.</summary>
    public Task ShowAsync(HttpContext context, string id)
    {
        ServedModel model = Of(id);
        return Json.RespondAsync(context, StatusCodes.Status200OK, json => Write(json, model));
    }

    private static void Write(Utf8JsonWriter json, ServedModel model)
    {
        ISavedModel saved = model.Saved;
        json.WriteStartObject();
        json.WriteString("id", model.Id);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.Created.ToUnixTimeSeconds());
        json.WriteString("owned_by", "charlm");
        // What OpenAI's clients do not read.
        json.WriteString("description", Describe(saved));
        json.WriteString("trained_on", saved.Corpus.Name);
        json.WriteString("token", Choices.NameOf(saved.Text.Token));
        json.WriteString("cleaning", Choices.NameOf(saved.Text.Cleaning));
        json.WriteBoolean("documents", model.EndId is not null);
        json.WriteBoolean("reads_ahead", model.Model.ReadsAhead);
        json.WriteNumber("vocab", model.Vocab.Count);
        json.WriteString("prefix", saved.Corpus.Prefix ?? (model.EndId is null ? new RunConfig().Prefix : ""));
        if (saved.Corpus.Temperature is { } temperature)
            json.WriteNumber("temperature", temperature);
        json.WriteEndObject();
    }

    private static string Describe(ISavedModel saved) => saved switch
    {
        Checkpoint { Model: var config } =>
            $"{config.CellName}, {config.NumLayers} {(config.NumLayers == 1 ? "layer" : "layers")} of {config.NumHiddens} hidden units",
        NGramCheckpoint counted => $"n-grams of order {counted.Model.Order}",
        _ => "model",
    };
}
