using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Serving.Tests;

/// <summary>What <c>/v1/completions</c> answers.</summary>
public sealed class CompletionTests(TrainedModels models)
{
    private const string Prefix = "Once upon";

    [Fact]
    public async Task Completions_ManyAtOnce_EachIsTheTextThatItWouldGetAlone()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English, models.World);
        // Of both models, whole and in pieces, of unlike lengths and temperatures, at the same time.
        var cases = Enumerable.Range(0, 40).Select(i => (Model: i % 4 == 0 ? "world" : "english",
            Prefix: i % 4 == 0 ? "床前" : Prefix[..(2 + (i % 7))], Seed: i, Tokens: 5 + (13 * i % 120), Temperature: 0.3 * (i % 4))).ToArray();
        string[] texts = await Task.WhenAll(cases.Select(async one =>
        {
            var request = new
            {
                model = one.Model,
                prompt = one.Prefix,
                seed = one.Seed,
                max_tokens = one.Tokens,
                temperature = one.Temperature,
                stream = one.Seed % 2 == 0,
            };
            return request.stream
                ? string.Concat((await server.StreamAsync(request)).Select(one => (string)one["choices"]![0]!["text"]!))
                : (string)(await server.CompleteAsync(request))["choices"]![0]!["text"]!;
        }));
        for (int i = 0; i < cases.Length; i++)
        {
            Assert.Equal((i, Alone(cases[i].Model == "world" ? models.World : models.English, cases[i].Prefix, new GenerationConfig
            {
                Length = cases[i].Tokens,
                Seed = cases[i].Seed,
                Sampling = Sampling.AtTemperature(cases[i].Temperature),
            })), (i, texts[i]));
        }
    }

    [Fact]
    public async Task Completions_SeveralPromptsAndSamples_AreNumberedAndCounted()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        JsonObject answer = await server.CompleteAsync(new
        {
            model = "english",
            prompt = new[] { "Once", "For so it" },
            n = 3,
            max_tokens = 20,
            seed = 5,
            stop = new[] { "." },
        });

        Assert.Equal("text_completion", (string?)answer["object"]);
        Assert.StartsWith("cmpl-", (string?)answer["id"], StringComparison.Ordinal);
        Assert.Equal("english", (string?)answer["model"]);
        Assert.Equal(5, (int?)answer["seed"]);
        JsonArray choices = answer["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3, 4, 5], choices.Select(choice => (int)choice!["index"]!));
        Assert.All(choices, choice => Assert.Null(choice!["logprobs"]));
        for (int i = 0; i < 6; i++)
        {
            // The third of three texts is the third of any number.
            string[] expected = AllAlone(models.English, i < 3 ? "Once" : "For so it", new GenerationConfig
            {
                Length = 20,
                Samples = 3,
                Seed = 5,
                Sampling = Sampling.AtTemperature(1),
                Stops = ["."],
            });
            Assert.Equal(expected[i % 3], (string?)choices[i]!["text"]);
            Assert.True((string?)choices[i]!["finish_reason"] is "stop" or "length");
        }
        Assert.Equal(13, (int)answer["usage"]!["prompt_tokens"]!);
        int written = (int)answer["usage"]!["completion_tokens"]!;
        Assert.InRange(written, 6, 120);
        Assert.Equal(13 + written, (int)answer["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Completions_Logprobs_AreThoseOfTheModel()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.World);
        JsonObject answer = await server.CompleteAsync(new { prompt = "🐳 床", max_tokens = 30, logprobs = 4, echo = true, temperature = 1, seed = 2 });
        JsonNode choice = answer["choices"]![0]!, logprobs = choice["logprobs"]!;
        string[] tokens = [.. logprobs["tokens"]!.AsArray().Select(token => (string)token!)];
        string text = (string)choice["text"]!;

        Assert.StartsWith("🐳 床", text, StringComparison.Ordinal);
        Assert.Equal(33, tokens.Length);
        Assert.Equal(text, string.Concat(tokens));
        Assert.Equal(Enumerable.Range(0, 33), logprobs["text_offset"]!.AsArray().Select(offset => (int)offset!));
        Assert.Null(logprobs["token_logprobs"]![0]);
        // Independently: the model's own log-softmax, token by token.
        ISavedModel saved = ModelFile.Read(models.World);
        using ILanguageModel model = saved.Open();
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        var logits = new float[saved.Vocab.Count];
        for (int i = 1; i < tokens.Length; i++)
        {
            predictor.Predict([saved.Vocab[tokens[i - 1]]], 1, logits);
            double sum = Math.Log(logits.Sum(one => Math.Exp(one)));
            Assert.Equal(logits[saved.Vocab[tokens[i]]] - sum, (double)logprobs["token_logprobs"]![i]!, 1e-3);
            JsonObject top = logprobs["top_logprobs"]![i]!.AsObject();
            Assert.Equal(4, top.Count);
            Assert.Equal(logits.Max() - sum, top.Max(one => (double)one.Value!), 1e-3);
        }
        JsonObject plain = await server.CompleteAsync(new { prompt = "🐳 床", max_tokens = 30, temperature = 1, seed = 2, logprobs = 0 });
        Assert.Equal(text["🐳 床".Length..], (string?)plain["choices"]![0]!["text"]);
        Assert.Equal(3, (int)plain["choices"]![0]!["logprobs"]!["text_offset"]![0]!);

        JsonObject read = await server.CompleteAsync(new { prompt = "床前", max_tokens = 0, echo = true, logprobs = 1 });
        Assert.Equal("床前", (string?)read["choices"]![0]!["text"]);
        Assert.Equal(2, read["choices"]![0]!["logprobs"]!["tokens"]!.AsArray().Count);
        Assert.Equal(0, (int)read["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task Completions_Streamed_EndWithReasonAndUsage()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        List<JsonObject> events = await server.StreamAsync(new
        {
            prompt = Prefix,
            max_tokens = 400,
            n = 2,
            seed = 1,
            stream = true,
            stream_options = new { include_usage = true },
            logprobs = 2,
            stop = "matter",
        });

        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.Equal(Prefix.Length, (int)events[^1]["usage"]!["prompt_tokens"]!);
        Assert.Single(events.Select(one => (string)one["id"]!).Distinct());
        Assert.Equal(1, events.Count(one => one["seed"] is not null));
        for (int index = 0; index < 2; index++)
        {
            JsonNode[] pieces = [.. events.SelectMany(one => one["choices"]!.AsArray()).Where(one => (int)one!["index"]! == index)!];
            Assert.Equal(["stop"], pieces.Select(one => (string?)one["finish_reason"]).Where(reason => reason is not null));
            string text = string.Concat(pieces.Select(one => (string)one["text"]!));
            Assert.DoesNotContain("matter", text, StringComparison.Ordinal);
            // Tokens of the stop string are as untold as its text.
            Assert.Equal(text, string.Concat(pieces.SelectMany(one => one["logprobs"]!["tokens"]!.AsArray()).Select(one => (string)one!)));
        }
        Assert.True(events.Count < 80, $"{events.Count} events for 2 texts are not coalesced");
    }

    [Fact]
    public async Task Completions_OfBytesExpressionsAndTokenIds_AreText()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.Bytes, models.English);
        List<JsonObject> events = await server.StreamAsync(
            new { model = "bytes", prompt = "床前", max_tokens = 60, temperature = 0, stream = true });
        string text = string.Concat(events.Select(one => (string)one["choices"]![0]!["text"]!));
        Assert.Equal(Alone(models.Bytes, "床前", new GenerationConfig { Length = 60 }), text);
        Assert.DoesNotContain('\ufffd', text[..^2]);

        JsonObject matched = await server.CompleteAsync(
            new { model = "english", prompt = Prefix, max_tokens = 40, constraint = " (a|the) [a-z]{3,8}!?", seed = 3 });
        Assert.Matches("^ (a|the) [a-z]{3,8}!?$", (string)matched["choices"]![0]!["text"]!);

        Vocab vocab = ModelFile.Read(models.English).Vocab;
        var shared = new { model = "english", max_tokens = 20, temperature = 0.5, seed = 9 };
        JsonObject ids = await server.CompleteAsync(
            new { shared.model, shared.max_tokens, shared.temperature, shared.seed, prompt = Prefix.Select(c => vocab[c.ToString()]) });
        JsonObject letters = await server.CompleteAsync(
            new { shared.model, shared.max_tokens, shared.temperature, shared.seed, prompt = Prefix });
        Assert.Equal((string?)letters["choices"]![0]!["text"], (string?)ids["choices"]![0]!["text"]);

        JsonObject unknown = await server.CompleteAsync(new { model = "english", prompt = "Once 床", max_tokens = 1 });
        Assert.Contains("'床'", (string?)unknown["warnings"]![0], StringComparison.Ordinal);
        JsonObject echoed = await server.CompleteAsync(
            new { model = "english", prompt = "a🐳b", max_tokens = 2, echo = true, logprobs = 0 });
        Assert.Equal([0, 1, 2, 3, 4], echoed["choices"]![0]!["logprobs"]!["text_offset"]!.AsArray().Select(offset => (int)offset!));
        Assert.Equal("<unk>", (string?)echoed["choices"]![0]!["logprobs"]!["tokens"]![1]);
    }

    [Fact]
    public async Task Completions_LogprobsOfBytes_HaveThePlaceOfTheirCharacter()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.Bytes);
        // In UTF-8 these have 1, 2, 3 and 4 bytes.
        JsonObject answer = await server.CompleteAsync(new { prompt = "aü前🐳", max_tokens = 0, echo = true, logprobs = 0 });
        JsonNode logprobs = answer["choices"]![0]!["logprobs"]!;
        Assert.Equal([0, 1, 1, 2, 2, 2, 3, 3, 3, 3], logprobs["text_offset"]!.AsArray().Select(offset => (int)offset!));

        // What the model writes has no place of the prompt, also where it begins with the rest of a character.
        JsonObject written = await server.CompleteAsync(
            new { prompt = "a", max_tokens = 200, temperature = 100, seed = 1, logprobs = 0, echo = true });
        JsonNode two = written["choices"]![0]!["logprobs"]!;
        string[] tokens = [.. two["tokens"]!.AsArray().Select(token => (string)token!)];
        Assert.Contains(tokens, token => token is ['b', 'y', 't', 'e', 's', ':', '\\', 'x', '8' or '9' or 'a' or 'b', _]);
        int[] places = [.. two["text_offset"]!.AsArray().Select(offset => (int)offset!)];
        Assert.Equal(0, places[0]);
        Assert.All(places[1..], place => Assert.InRange(place, 1, 200));
    }

    private static string Alone(string path, string prefix, GenerationConfig config) => AllAlone(path, prefix, config)[0];

    private static string[] AllAlone(string path, string prefix, GenerationConfig config)
    {
        ISavedModel saved = ModelFile.Read(path);
        using ILanguageModel model = saved.Open();
        var tokenizer = Tokenizer.Create(saved.Text.Token);
        using var session = new GenerationSession(model, saved.Vocab, tokenizer, config);
        session.Read(tokenizer.FromText(prefix));
        var texts = new string[config.Samples];
        foreach (TextPiece piece in session.Continue())
            texts[piece.Sample] += piece.Text;
        return [.. texts.Select(tokenizer.ToText)];
    }
}
