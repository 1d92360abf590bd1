using System.Text.Json;
using CharLM.Generation;
using CharLM.Generation.Constraints;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Tokenization;

namespace CharLM.Serving.Endpoints;

/// <summary>A prompt: its text and the ids that the model reads.</summary>
/// <param name="Text">The text, as the client sent it.</param>
/// <param name="Ids">The ids, after that of a document's beginning if the model has documents.</param>
/// <param name="Count">The number of its tokens.</param>
internal sealed record Prompt(string Text, int[] Ids, int Count);

/// <summary>A checked request for completions.</summary>
internal sealed record CompletionRequest
{
    private const int DefaultTokens = 16;
    private const double HighestTemperature = 100;

    private static readonly string[] Names =
    [
        "model", "prompt", "max_tokens", "n", "best_of", "temperature", "top_p", "top_k", "min_p", "repetition_penalty",
        "repetition_window", "seed", "stop", "constraint", "logprobs", "echo", "stream", "stream_options", "user", "suffix",
        "frequency_penalty", "presence_penalty", "logit_bias",
    ];

    /// <summary>The model.</summary>
    public required ServedModel Model { get; init; }

    /// <summary>The prompts, 1 or more.</summary>
    public required IReadOnlyList<Prompt> Prompts { get; init; }

    /// <summary>Texts for each prompt.</summary>
    public required int Samples { get; init; }

    /// <summary>Maximum tokens of a text.</summary>
    public required int Length { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public required Sampling Sampling { get; init; }

    /// <summary>The seed, drawn if the client gave none.</summary>
    public required long Seed { get; init; }

    /// <summary>The stop strings, in the spelling of the tokens.</summary>
    public required IReadOnlyList<string> Stops { get; init; }

    /// <summary>The expression; null: none.</summary>
    public TokenConstraint? Constraint { get; init; }

    /// <summary>Alternatives per token; null: no probabilities.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Whether the text begins with the prompt.</summary>
    public bool Echo { get; init; }

    /// <summary>Whether the text comes piece by piece.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a stream ends with the numbers of tokens.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>What the client should know, such as characters that the model does not.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Whether a request wants its text to match an expression.</summary>
    public static bool IsConstrained(JsonElement body) =>
        body.TryGetProperty("constraint", out JsonElement pattern) && pattern.ValueKind != JsonValueKind.Null;

    /// <summary>Checks a request.</summary>
    /// <exception cref="ApiException">It is invalid; the message names the field.</exception>
    public static CompletionRequest Of(JsonElement body, ModelList models, ServeLimits limits)
    {
        var fields = new Fields(body);
        fields.Allow(Names);
        ServedModel model = models.Of(fields.Text("model"));
        RefuseUnsupported(fields);
        List<Prompt> prompts = PromptsOf(fields["prompt"], model, limits);
        bool echo = fields.Flag("echo");
        int length = (int)(fields.Whole("max_tokens", echo ? 0 : 1, limits.Tokens) ?? DefaultTokens);
        int samples = (int)(fields.Whole("n", 1, limits.Texts) ?? 1);
        if (fields.Whole("best_of", 1, limits.Texts) is { } best && best != samples)
            throw ApiException.Invalid($"best_of must be n, {samples}, or be left out: no texts are compared here", "best_of");
        if (prompts.Count * samples > limits.Texts)
            throw ApiException.Invalid($"{prompts.Count} prompts and n {samples} are more than {limits.Texts} texts", "n");
        if ((long)prompts.Count * samples * length > limits.TokensOfAll)
            throw ApiException.Invalid(
                $"{prompts.Count * samples} texts of {length} tokens are more than {limits.TokensOfAll} tokens", "max_tokens");
        IReadOnlyList<string> stops = [.. fields.Texts("stop").Select(model.Tokenizer.FromText)];
        string? pattern = fields.Text("constraint");
        CheckEnd(stops, pattern, length, limits);
        return new CompletionRequest
        {
            Model = model,
            Prompts = prompts,
            Samples = samples,
            Length = length,
            Sampling = SamplingOf(fields),
            Seed = fields.Whole("seed", long.MinValue, long.MaxValue) ?? Random.Shared.Next(),
            Stops = stops,
            Constraint = pattern is null ? null : ConstraintOf(model, pattern, length),
            Logprobs = (int?)fields.Whole("logprobs", 0, limits.Top),
            Echo = echo,
            Stream = fields.Flag("stream"),
            IncludesUsage = IncludesUsageOf(fields),
            Warnings = WarningsOf(model, prompts),
        };
    }

    // What has no counterpart here may be sent with the value that changes nothing.
    private static void RefuseUnsupported(Fields fields)
    {
        foreach (string name in new[] { "frequency_penalty", "presence_penalty" })
        {
            if (fields.Number(name, -2, 2) is not (null or 0))
                throw ApiException.Invalid($"{name} is not supported: repetition_penalty makes what occurred before less probable", name);
        }
        if (fields["logit_bias"] is { } bias && !(bias.ValueKind == JsonValueKind.Object && !bias.EnumerateObject().Any()))
            throw ApiException.Invalid("logit_bias is not supported: constraint says what the text may be", "logit_bias");
        if (fields.Text("suffix") is { Length: > 0 })
            throw ApiException.Invalid("suffix is not supported: the model reads from left to right", "suffix");
    }

    private static Sampling SamplingOf(Fields fields)
    {
        double temperature = fields.Number("temperature", 0, HighestTemperature) ?? 1;
        long? topK = fields.Whole("top_k", 0, int.MaxValue);
        double topP = fields.Number("top_p", 0, 1) ?? 1;
        double? minP = fields.Number("min_p", 0, 1);
        double? penalty = fields.Number("repetition_penalty", 0.01, 100);
        long? window = fields.Whole("repetition_window", 0, RecentTokens.MaxWindow);
        if (window is not null && penalty is null)
            throw ApiException.Invalid($"repetition_window {window} has no meaning without repetition_penalty", "repetition_window");
        var steps = new List<SamplingStep>();
        if (penalty is { } times and not 1)
            steps.Add(new SamplingStep.RepetitionPenalty(
                times, (int)(window ?? SamplingStep.RepetitionPenalty.DefaultWindow)));
        // At temperature 0 the most probable token is taken, and no step removes it.
        if (temperature > 0)
        {
            steps.Add(new SamplingStep.Temperature(temperature));
            // A top_p of 0 leaves only the most probable token, whatever top_k is.
            if (topP == 0)
                topK = 1;
            if (topK is > 0)
                steps.Add(new SamplingStep.TopK((int)topK));
            if (topP is > 0 and < 1)
                steps.Add(new SamplingStep.TopP(topP));
            if (minP is > 0)
                steps.Add(new SamplingStep.MinP(minP.Value));
        }
        try
        {
            return Sampling.Of([.. steps]);
        }
        catch (InvalidConfigException e)
        {
            throw ApiException.Invalid(e.Message);
        }
    }

    private static bool IncludesUsageOf(Fields fields)
    {
        if (fields["stream_options"] is not { } options)
            return false;
        if (options.ValueKind != JsonValueKind.Object)
            throw ApiException.Invalid("stream_options must be an object", "stream_options");
        var fieldsOfStream = new Fields(options);
        fieldsOfStream.Allow("include_usage");
        return fieldsOfStream.Flag("include_usage");
    }

    private static void CheckEnd(IReadOnlyList<string> stops, string? pattern, int length, ServeLimits limits)
    {
        foreach (string error in new GenerationConfig { Length = Math.Max(1, length), Stops = stops, Constraint = pattern }.Errors())
            throw ApiException.Invalid(error, pattern is null ? "stop" : "constraint");
        if (pattern?.Length > limits.Expression)
            throw ApiException.Invalid($"constraint must have at most {limits.Expression} characters, not {pattern.Length}", "constraint");
    }

    private static TokenConstraint ConstraintOf(ServedModel model, string pattern, int length)
    {
        if (model.Tokenizer.Kind == TokenKind.Byte && !pattern.All(char.IsAscii))
            throw ApiException.Invalid("constraint must be ASCII for a byte model", "constraint");
        try
        {
            return model.Constraint(pattern, Math.Max(1, length));
        }
        catch (InvalidConfigException e)
        {
            throw ApiException.Invalid(e.Message, "constraint");
        }
    }

    private static List<Prompt> PromptsOf(JsonElement? value, ServedModel model, ServeLimits limits)
    {
        var prompts = new List<Prompt>();
        switch (value)
        {
            case null:
                prompts.Add(Checked(PromptOf("", model), model));
                break;
            case { ValueKind: JsonValueKind.String } one:
                prompts.Add(Checked(PromptOf(Fields.TextOf(one, "prompt"), model), model));
                break;
            case { ValueKind: JsonValueKind.Array } ids when ids.GetArrayLength() > 0 && ids[0].ValueKind == JsonValueKind.Number:
                prompts.Add(Checked(PromptOf(ids, model), model));
                break;
            case { ValueKind: JsonValueKind.Array } many when many.GetArrayLength() is > 0 and var count:
                if (count > limits.Texts)
                    throw ApiException.Invalid($"prompt must have at most {limits.Texts} texts, not {count}", "prompt");
                foreach (JsonElement one in many.EnumerateArray())
                {
                    prompts.Add(Checked(one.ValueKind switch
                    {
                        JsonValueKind.String => PromptOf(Fields.TextOf(one, "prompt"), model),
                        JsonValueKind.Array => PromptOf(one, model),
                        _ => throw Wrong(),
                    }, model));
                }
                break;
            default:
                throw Wrong();
        }
        if (prompts.Sum(prompt => (long)prompt.Text.Length) is var length && length > limits.Characters)
            throw ApiException.Invalid($"prompt must have at most {limits.Characters} characters, not {length}", "prompt");
        return prompts;

        static ApiException Wrong() =>
            ApiException.Invalid("prompt must be a string, a list of strings, a list of token ids, or a list of such lists", "prompt");
    }

    private static Prompt Checked(Prompt prompt, ServedModel model)
    {
        if (prompt.Count == 0 && model.EndId is null)
            throw ApiException.Invalid("prompt is empty: give at least one token to continue", "prompt");
        if (prompt.Count > 0 && prompt.Ids.AsSpan(^prompt.Count..).IndexOfAnyExcept(Vocab.UnknownId) < 0)
            throw ApiException.Invalid(
                $"the model knows no token of the prompt; it learned {Choices.NameOf(model.Saved.Text.Token)} tokens of a text cleaned as "
                    + $"'{Choices.NameOf(model.Saved.Text.Cleaning)}'", "prompt");
        return prompt;
    }

    private static Prompt PromptOf(string text, ServedModel model)
    {
        int[] ids = model.Encode(model.Spelled(text));
        return new Prompt(text, ids, ids.Length - (model.EndId is null ? 0 : 1));
    }

    private static Prompt PromptOf(JsonElement list, ServedModel model)
    {
        int[] ids = [.. list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int id)
            && id >= 0 && id < model.Vocab.Count ? id
            : throw ApiException.Invalid($"prompt has a token that is not from 0 to {model.Vocab.Count - 1}", "prompt"))];
        string spelled = string.Concat(ids.Select((id, i) => model.Texts.Of(id, isAtBeginning: i == 0)));
        return new Prompt(model.Tokenizer.ToText(spelled), model.EndId is { } end ? [end, .. ids] : ids, ids.Length);
    }

    private static List<string> WarningsOf(ServedModel model, List<Prompt> prompts)
    {
        const int MostNamed = 10;
        if (!prompts.Any(prompt => prompt.Ids.Contains(Vocab.UnknownId)))
            return [];
        string[] unknown = [.. prompts.SelectMany(prompt => model.Tokenizer.Tokenize(model.Spelled(prompt.Text)))
            .Where(token => model.Vocab[token] == Vocab.UnknownId).Distinct().Take(MostNamed + 1)];
        return unknown.Length == 0 ? [] :
        [
            $"the model does not know {string.Join(", ", unknown.Take(MostNamed).Select(token => $"'{token}'"))}"
                + $"{(unknown.Length > MostNamed ? " and more" : "")}, and reads {Vocab.Unknown} instead",
        ];
    }
}
