using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using CharLM.Serving.Http;

namespace CharLM.Serving.Tests;

/// <summary>Bad requests, limits, clients that leave, and those who may not ask.</summary>
public sealed class RefusalTests(TrainedModels models)
{
    private const string Endless = """{"prompt":"Once","max_tokens":50000000,"stream":true}""";

    private static readonly ServeLimits NoEnd = new() { Tokens = 100_000_000, TokensOfAll = 100_000_000 };

    [Fact]
    public async Task Completions_BadInput_IsRefusedAndNamesTheField()
    {
        (string Json, int Status, string? Field, string Says)[] cases =
        [
            ("", 400, null, "not JSON"),
            ("{", 400, null, "not JSON"),
            ("[]", 400, null, "a JSON object"),
            (new string('[', 100), 400, null, "not JSON"),
            ("""{"prompt":"\ud800"}""", 400, "prompt", "surrogate"),
            ("""{"prompt":1}""", 400, "prompt", "string"),
            ("""{"prompt":[]}""", 400, "prompt", "string"),
            ("""{"prompt":["a",1]}""", 400, "prompt", "string"),
            ("""{"prompt":[1,-1]}""", 400, "prompt", "token"),
            ("""{"prompt":[1,99999]}""", 400, "prompt", "token"),
            ("{}", 400, "prompt", "empty"),
            ("""{"prompt":""}""", 400, "prompt", "empty"),
            ("""{"prompt":"床"}""", 400, "prompt", "knows no token"),
            ("""{"prompt":"a","model":"gpt-4"}""", 404, "model", "english"),
            ("""{"prompt":"a","max_tokens":0}""", 400, "max_tokens", "1 to 16384"),
            ("""{"prompt":"a","max_tokens":-1}""", 400, "max_tokens", "1 to 16384"),
            ("""{"prompt":"a","max_tokens":1e99}""", 400, "max_tokens", "1 to 16384"),
            ("""{"prompt":"a","max_tokens":"9"}""", 400, "max_tokens", "whole number"),
            ("""{"prompt":"a","max_tokens":16384,"n":64}""", 400, "max_tokens", "200000"),
            ("""{"prompt":"a","n":65}""", 400, "n", "1 to 64"),
            ("""{"prompt":["a","a"],"n":33}""", 400, "n", "64 texts"),
            ("""{"prompt":"a","temperature":-0.1}""", 400, "temperature", "0 to 100"),
            ("""{"prompt":"a","temperature":NaN}""", 400, null, "not JSON"),
            ("""{"prompt":"a","top_p":1.1}""", 400, "top_p", "0 to 1"),
            ("""{"prompt":"a","seed":1.5}""", 400, "seed", "whole number"),
            ("""{"prompt":"a","stop":5}""", 400, "stop", "string"),
            ("""{"prompt":"a","stop":""}""", 400, "stop", "1 to 1000"),
            ("""{"prompt":"a","logprobs":21}""", 400, "logprobs", "0 to 20"),
            ("""{"prompt":"a","stream":"yes"}""", 400, "stream", "true or false"),
            ("""{"prompt":"a","best_of":3}""", 400, "best_of", "n"),
            ("""{"prompt":"a","presence_penalty":0.5}""", 400, "presence_penalty", "repetition_penalty"),
            ("""{"prompt":"a","logit_bias":{"5":1}}""", 400, "logit_bias", "constraint"),
            ("""{"prompt":"a","suffix":"b"}""", 400, "suffix", "left to right"),
            ("""{"prompt":"a","constraint":"(a"}""", 400, "constraint", "constrain"),
            ("""{"prompt":"a","constraint":"床+"}""", 400, "constraint", "matches nothing"),
            ("""{"prompt":"a","constraint":"[a-z]{40}"}""", 400, "constraint", "40 tokens"),
            ("""{"prompt":"a","repetition_window":9}""", 400, "repetition_window", "repetition_penalty"),
            ("""{"prompt":"a","repetition_window":0,"repetition_penalty":null}""", 400, "repetition_window", "repetition_penalty"),
            ("""{"prompt":"a","stream":true,"stream_options":{"usage":true}}""", 400, "usage", "include_usage"),
            ("""{"prompt":"a","temprature":1}""", 400, "temprature", "temperature"),
        ];
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        foreach ((string json, int status, string? field, string says) in cases)
        {
            using HttpResponseMessage response = await server.PostAsync("v1/completions", json);
            JsonElement error = await RunningServer.RefusedAsync(response, status);
            Assert.True(error.GetProperty("message").GetString()!.Contains(says, StringComparison.Ordinal), $"{json}: {error}");
            Assert.Equal((json, field), (json, error.GetProperty("param").GetString()));
        }
        // What changes nothing is taken.
        const string ChangesNothing = """
            {"prompt":"a","best_of":1,"frequency_penalty":0,"logit_bias":{},"suffix":null,"user":"me","top_k":0,"min_p":0,"stop":null,
            "repetition_penalty":1,"repetition_window":9}
            """;
        using HttpResponseMessage taken = await server.PostAsync("v1/completions", ChangesNothing);
        Assert.True(taken.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Requests_TooLarge_WrongMethodOrType_AreRefused()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        string large = $$"""{"prompt":"{{new string('a', 1 << 20)}}"}""";
        await RunningServer.RefusedAsync(await server.PostAsync("v1/completions", large), 413);
        await RunningServer.RefusedAsync(await server.PostAsync("v1/completions", $$"""{"prompt":"{{new string('a', 100_001)}}"}"""), 400);
        await RunningServer.RefusedAsync(await server.PostAsync("v1/score", $$"""{"text":"{{new string('a', 20_001)}}","top":1}"""), 400);
        await RunningServer.RefusedAsync(
            await server.Client.PostAsync("v1/completions", new StringContent("prompt=a", Encoding.UTF8, "application/x-www-form-urlencoded")),
            415);
        HttpResponseMessage wrong = await server.Client.GetAsync("v1/completions");
        await RunningServer.RefusedAsync(wrong, 405);
        Assert.Equal(["POST"], wrong.Content.Headers.Allow);
        await RunningServer.RefusedAsync(await server.PostAsync("v1/models", "{}"), 405);
        await RunningServer.RefusedAsync(await server.Client.DeleteAsync("v1/models/english"), 405);
        await RunningServer.RefusedAsync(await server.PostAsync("api/runs/mine", "{}"), 405);
        await RunningServer.RefusedAsync(await server.PostAsync("v1/chat/completions", "{}"), 404);
        await RunningServer.RefusedAsync(await server.Client.GetAsync("v1/models/other"), 404);
        await RunningServer.RefusedAsync(await server.Client.GetAsync("etc/passwd"), 404);
        await RunningServer.RefusedAsync(await server.Client.GetAsync("api/runs/..%2f..%2fetc"), 404);
    }

    [Fact]
    public async Task Requests_AcrossOriginsOrByAnotherName_AreRefused()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        int port = server.Address.Port;
        (string Name, string Value, int Status)[] cases =
        [
            ("Host", $"127.0.0.1:{port}", 200), ("Host", $"localhost:{port}", 200), ("Host", $"[::1]:{port}", 200),
            ("Host", $"rebound.example:{port}", 403), ("Host", $"127.0.0.1.example:{port}", 403), ("Host", $"192.168.1.9:{port}", 403),
            ("Host", $"localhost.example:{port}", 403),
            ("Origin", $"http://127.0.0.1:{port}", 200), ("Origin", "http://example.org", 403), ("Origin", "null", 403),
            ("Origin", $"http://127.0.0.1:{port + 1}", 403), ("Origin", $"https://127.0.0.1:{port}", 403),
            ("Sec-Fetch-Site", "same-origin", 200), ("Sec-Fetch-Site", "none", 200), ("Sec-Fetch-Site", "cross-site", 403),
            ("Sec-Fetch-Site", "same-site", 403),
        ];
        foreach ((string name, string value, int status) in cases)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
            request.Headers.TryAddWithoutValidation(name, value);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            Assert.Equal((name, value, status), (name, value, (int)response.StatusCode));
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
        // The page may be linked to, but not by another name.
        using var link = new HttpRequestMessage(HttpMethod.Get, "/");
        link.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.True((await server.Client.SendAsync(link)).IsSuccessStatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = $"rebound.example:{port}" } };
        await RunningServer.RefusedAsync(await server.Client.SendAsync(rebound), 403);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "v1/completions");
        preflight.Headers.Add("Origin", "http://example.org");
        await RunningServer.RefusedAsync(await server.Client.SendAsync(preflight), 403);
    }

    [Fact]
    public async Task Requests_WithoutTheKey_GetThePageAndNothingElse()
    {
        const string Key = "correct-horse-battery";
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig { Key = Key }, models.English);
        Assert.True((await server.Client.GetAsync("/")).IsSuccessStatusCode);
        foreach (string path in new[] { "v1/models", "v1/models/english", "api/runs", "v1/completions", "v1/score" })
            await RunningServer.RefusedAsync(await server.Client.GetAsync(path), 401);
        await RunningServer.RefusedAsync(await server.PostAsync("v1/completions", """{"prompt":"a"}"""), 401);
        foreach (string wrong in new[] { "x", Key + "x", Key[..^1], "", new string('x', 10_000) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {wrong}");
            await RunningServer.RefusedAsync(await server.Client.SendAsync(request), 401);
        }
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        Assert.True((await server.Client.GetAsync("v1/models")).IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("0.0.0.0", null, "that takes a key")]
    [InlineData("::", null, "that takes a key")]
    [InlineData("192.168.1.9", null, "that takes a key")]
    [InlineData("0.0.0.0", "short", "16")]
    [InlineData("0.0.0.0", "with a space in the key", "16")]
    [InlineData("example.org", null, "IP address")]
    public void Errors_OfAServerBeyondThisMachine_WantAKey(string host, string? key, string says) =>
        Assert.Contains(new ServeConfig { Host = host, Key = key }.Errors(), error => error.Contains(says, StringComparison.Ordinal));

    [Fact]
    public async Task Completions_ClientThatLeaves_GivesItsPlaceToTheNext()
    {
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig { Limits = NoEnd with { Rows = 1, Waiting = 1 } }, models.English);
        // The first fills the only place; of two more, the one that comes first fills the queue, and the other finds no room.
        using HttpResponseMessage first = await BeginAsync(server);
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage>[] others =
            [.. Enumerable.Range(0, 2).Select(_ => server.PostAsync("v1/completions", Endless, leave.Token))];
        Task<HttpResponseMessage> refused = await Task.WhenAny(others);
        await RunningServer.RefusedAsync(await refused, 429);
        Assert.Equal(TimeSpan.FromSeconds(1), (await refused).Headers.RetryAfter!.Delta);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => others.Single(other => other != refused));
        first.Dispose();
        await UntilServedAsync(server);
    }

    [Fact]
    public async Task Completions_ThatTakeTooLong_EndWithAReason()
    {
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig { Limits = NoEnd with { Timeout = TimeSpan.FromMilliseconds(300) } }, models.English);
        JsonElement error = await RunningServer.RefusedAsync(
            await server.PostAsync("v1/completions", """{"prompt":"Once","max_tokens":50000000}"""), 504);
        Assert.Equal("timeout", error.GetProperty("code").GetString());
        using HttpResponseMessage stream = await server.PostAsync("v1/completions", Endless);
        string body = await stream.Content.ReadAsStringAsync();
        Assert.Contains("data: {\"error\":{\"message\":\"the request took too long", body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        await UntilServedAsync(server);
    }

    // A body of which nothing more comes.
    [Fact]
    public async Task Requests_WithAnUnfinishedBody_EndWithAReason()
    {
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig { Limits = NoEnd with { Timeout = TimeSpan.FromMilliseconds(300) } }, models.English);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/score HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"));
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 504 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    // More texts with an expression than are written at a time: each gets its turn.
    [Fact]
    public async Task Completions_ManyWithConstraints_AllEnd()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        HttpResponseMessage[] all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            server.PostAsync("v1/completions", """{"prompt":"Once","max_tokens":8,"constraint":"[a-z ]*"}""")));
        Assert.All(all, one => Assert.True(one.IsSuccessStatusCode));
    }

    [Fact]
    public async Task DisposeAsync_WithRequestsRunning_EndsThemAtOnce()
    {
        RunningServer server = await RunningServer.StartAsync(new ServeConfig { Limits = NoEnd }, models.English);
        using HttpResponseMessage stream = await BeginAsync(server);
        Task<HttpResponseMessage> whole = server.PostAsync("v1/completions", """{"prompt":"Once","max_tokens":50000000}""");
        var time = Stopwatch.StartNew();
        await server.Server.DisposeAsync();
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(20), $"took {time.Elapsed}");
        await Task.WhenAny(whole, Task.Delay(5_000));
        Assert.True(whole.IsCompleted);
    }

    private static async Task<HttpResponseMessage> BeginAsync(RunningServer server)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
        {
            Content = new StringContent(Endless, Encoding.UTF8, "application/json"),
        };
        HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode);
        return response;
    }

    private static async Task UntilServedAsync(RunningServer server)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!(await server.PostAsync("v1/completions", """{"prompt":"a","max_tokens":5}""", patience.Token)).IsSuccessStatusCode)
            await Task.Delay(20, patience.Token);
    }
}
