using System.Text.Json;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Tokenization;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Endpoints;

/// <summary><c>/v1/score</c>: how much each token of a text surprises a model, and what it expected instead.</summary>
internal sealed class ScoreEndpoint(ModelList models, ServeLimits limits)
{
    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves, when time is up, and when the server ends.</param>
    public async Task RespondAsync(HttpContext context, CancellationToken cancellationToken)
    {
        ServedModel model;
        string text;
        int top;
        using (JsonDocument body = await Json.ReadAsync(context, cancellationToken))
        {
            var fields = new Fields(body.RootElement);
            fields.Allow("model", "text", "top");
            model = models.Of(fields.Text("model"));
            text = fields.Text("text") ?? throw ApiException.Invalid("text is missing: a string to score", "text");
            top = (int)(fields.Whole("top", 0, limits.Top) ?? 0);
        }
        int most = top > 0 ? limits.ExplainedCharacters : limits.Characters;
        if (text.Length > most)
            throw ApiException.Invalid(
                $"text must have at most {most} characters{(top > 0 ? " with top" : "")}, not {text.Length}", "text");
        if (await model.ScoreAsync(text, top, cancellationToken) is not { } scores)
            throw ApiException.Busy(context);
        await Json.RespondAsync(context, StatusCodes.Status200OK, json => Write(json, model, scores));
    }

    private static void Write(Utf8JsonWriter json, ServedModel model, IReadOnlyList<LineScore> scores)
    {
        LossSum total = scores.Aggregate(default(LossSum), (sum, score) => sum + score.Total);
        long characters = scores.Sum(score => score.Characters);
        json.WriteStartObject();
        json.WriteString("object", "score");
        json.WriteString("model", model.Id);
        WriteNumber(json, "nats", total.Total);
        WriteNumber(json, "perplexity", total.Perplexity);
        WriteNumber(json, "bits_per_character", total.Total / Math.Log(2) / characters);
        json.WriteNumber("characters", characters);
        json.WriteNumber("unknown", scores.Sum(score => score.Unknown));
        json.WriteStartArray("tokens");
        foreach (LineScore score in scores)
        {
            for (int i = 0; i < score.Tokens.Count; i++)
            {
                bool isEnd = model.EndId is { } end && score.Ids[i] == end;
                json.WriteStartObject();
                json.WriteString("token", isEnd ? "\n" : (i == 0 ? "" : model.Tokenizer.TokenSeparator) + TextOf(model, score.Tokens[i]));
                WriteNumber(json, "nats", score.Nats[i]);
                if (score.Ids[i] == Vocab.UnknownId)
                    json.WriteBoolean("unknown", true);
                if (score.Expected.Count > 0)
                    WriteExpected(json, "expected", model, score.Expected[i]);
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
        if (scores is [.., { Next.Count: > 0 } last])
            WriteExpected(json, "next", model, last.Next);
        json.WriteEndObject();
    }

    private static void WriteExpected(Utf8JsonWriter json, string name, ServedModel model, IReadOnlyList<TopPrediction> expected)
    {
        json.WriteStartArray(name);
        foreach (TopPrediction one in expected)
        {
            json.WriteStartObject();
            json.WriteString("token", one.Token == model.EndId || one.Token == Vocab.UnknownId
                ? model.Vocab[one.Token] : model.Tokenizer.TokenSeparator + TextOf(model, model.Vocab[one.Token]));
            json.WriteNumber("probability", Math.Round(one.Probability, 7));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    // A byte alone may not be a character.
    private static string TextOf(ServedModel model, string token) =>
        model.Tokenizer.Kind == TokenKind.Byte && token is [> '\x7f' and var b] ? $"\\x{(int)b:x2}" : token;

    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, Math.Round(value, 6));
        else
            json.WriteNull(name);
    }
}
