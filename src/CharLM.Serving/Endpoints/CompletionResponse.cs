using System.Security.Cryptography;
using System.Text.Json;

namespace CharLM.Serving.Endpoints;

/// <summary>A response with its choices, whole or piece by piece.</summary>
/// <param name="request">The request.</param>
/// <param name="choices">Its texts.</param>
internal sealed class CompletionResponse(CompletionRequest request, IReadOnlyList<Choice> choices)
{
    private readonly string _id = $"cmpl-{RandomNumberGenerator.GetHexString(24, lowercase: true)}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private bool _hasTold;

    /// <summary>The request.</summary>
    public CompletionRequest Request => request;

    /// <summary>Takes what the engine has written.</summary>
    /// <returns>Whether all texts are complete.</returns>
    public bool ReadAll()
    {
        bool isOver = true;
        foreach (Choice choice in choices)
        {
            choice.Read();
            isOver &= choice.HasEnded;
        }
        return isOver;
    }

    /// <summary>The texts that have gained something.</summary>
    public IEnumerable<Choice> Changed() => choices.Where(choice => choice.HasNews);

    /// <summary>Writes the whole response.</summary>
    public void Write(Utf8JsonWriter json) => Write(json, choices, includesUsage: true, Remarks());

    /// <summary>Writes what one text has gained.</summary>
    public void WritePiece(Utf8JsonWriter json, Choice choice) => Write(json, [choice], includesUsage: false, Remarks());

    /// <summary>Writes the numbers of tokens at the end of a stream.</summary>
    public void WriteUsage(Utf8JsonWriter json) => Write(json, [], includesUsage: true, remarks: false);

    // The seed and the warnings are said once.
    private bool Remarks() => !_hasTold && (_hasTold = true);

    private void Write(Utf8JsonWriter json, IReadOnlyList<Choice> some, bool includesUsage, bool remarks)
    {
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("object", "text_completion");
        json.WriteNumber("created", _created);
        json.WriteString("model", request.Model.Id);
        json.WriteStartArray("choices");
        foreach (Choice choice in some)
            choice.Write(json);
        json.WriteEndArray();
        if (includesUsage)
            WriteUsageObject(json);
        if (remarks)
        {
            json.WriteNumber("seed", request.Seed);
            json.WriteStartArray("warnings");
            foreach (string warning in request.Warnings)
                json.WriteStringValue(warning);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private void WriteUsageObject(Utf8JsonWriter json)
    {
        int read = request.Prompts.Sum(prompt => prompt.Count), written = choices.Sum(choice => choice.Tokens);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", read);
        json.WriteNumber("completion_tokens", written);
        json.WriteNumber("total_tokens", read + written);
        json.WriteEndObject();
    }
}
