using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Serving.Engine;

namespace CharLM.Serving.Tests;

/// <summary>A server on loopback with its models, and a client.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly IReadOnlyList<ServedModel> _models;

    private RunningServer(TextServer server, IReadOnlyList<ServedModel> models)
    {
        (Server, _models) = (server, models);
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server.Address };
    }

    public TextServer Server { get; }

    public HttpClient Client { get; }

    public Uri Address => Server.Address;

    public static async Task<RunningServer> StartAsync(ServeConfig config, params string[] paths)
    {
        ServedModel[] models = [.. paths.Select(path => TrainedModels.Serve(path, config.Limits))];
        return new RunningServer(
            await TextServer.StartAsync(config with { Port = 0 }, models, TestContext.Current.CancellationToken), models);
    }

    /// <summary>Sends a JSON body.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json, CancellationToken cancellationToken = default) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), cancellationToken);

    /// <summary>Asks for a completion, which must succeed.</summary>
    public async Task<JsonObject> CompleteAsync(object request) => await AnswerAsync("v1/completions", request);

    /// <summary>Asks, and must succeed.</summary>
    public async Task<JsonObject> AnswerAsync(string path, object request)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync(path, request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return (JsonObject)JsonNode.Parse(body)!;
    }

    /// <summary>The events of a stream, after checking its form.</summary>
    public async Task<List<JsonObject>> StreamAsync(object request)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync("v1/completions", request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith("\n\ndata: [DONE]\n\n", body, StringComparison.Ordinal);
        string[] events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, one => Assert.StartsWith("data: ", one, StringComparison.Ordinal));
        return [.. events[..^1].Select(one => (JsonObject)JsonNode.Parse(one["data: ".Length..])!)];
    }

    /// <summary>Checks that a request is refused, with an error as OpenAI's clients read it.</summary>
    public static async Task<JsonElement> RefusedAsync(HttpResponseMessage response, int status)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}, not {status}: {body}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        JsonElement error = JsonDocument.Parse(body).RootElement.GetProperty("error");
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.NotEqual("", error.GetProperty("type").GetString());
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        foreach (ServedModel model in _models)
            model.Dispose();
    }
}
