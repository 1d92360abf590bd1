using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>A DevTools protocol client for one page: sends commands and records the page's reports.</summary>
internal sealed class DevTools : IAsyncDisposable
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _waiting = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private int _last;

    /// <summary>The page's exceptions, and errors and warnings of the console and the browser.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>The addresses that the page requested, including its own.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Connects to the browser's first page.</summary>
    /// <param name="address">Host and port.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public static async Task<DevTools> ConnectAsync(string address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        JsonArray targets = (await http.GetFromJsonAsync<JsonArray>($"http://{address}/json/list", cancellationToken))!;
        JsonNode page = targets.First(target => (string?)target!["type"] == "page")!;
        var tools = new DevTools();
        await tools._socket.ConnectAsync(new Uri((string)page["webSocketDebuggerUrl"]!), cancellationToken);
        tools._reading = tools.ReadAsync();
        foreach (string domain in new[] { "Page", "Runtime", "Log", "Network" })
            await tools.AskAsync($"{domain}.enable");
        return tools;
    }

    /// <summary>Opens a file and waits until it is loaded and its scripts have run.</summary>
    public async Task OpenAsync(string path)
    {
        await AskAsync("Page.navigate", new { url = new Uri(path).AbsoluteUri });
        await _loaded.Task.WaitAsync(AnswersWithin);
    }

    /// <summary>The value of a JavaScript expression.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode answer = await AskAsync("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true });
        return answer["exceptionDetails"] is { } error ? throw new InvalidOperationException(error.ToJsonString())
            : answer["result"]!["value"];
    }

    /// <summary>Shows the page as on another device.</summary>
    /// <param name="dark">Whether the reader prefers a dark page.</param>
    /// <param name="width">The width in CSS pixels; below 600 it is a phone.</param>
    public async Task EmulateAsync(bool dark, int width)
    {
        await AskAsync("Emulation.setEmulatedMedia",
            new { features = new[] { new { name = "prefers-color-scheme", value = dark ? "dark" : "light" } } });
        await AskAsync("Emulation.setDeviceMetricsOverride", new { width, height = 900, deviceScaleFactor = 1, mobile = width < 600 });
        // Charts follow the new size when the browser has told them.
        await EvaluateAsync("new Promise(done => setTimeout(done, 400))");
    }

    /// <summary>A picture of the whole page, as PNG.</summary>
    public async Task<byte[]> ScreenshotAsync() =>
        Convert.FromBase64String(
            (string)(await AskAsync("Page.captureScreenshot", new { format = "png", captureBeyondViewport = true }))["data"]!);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading;
        _socket.Dispose();
        _end.Dispose();
    }

    /// <summary>The result of a command of the protocol.</summary>
    public async Task<JsonNode> AskAsync(string method, object? parameters = null)
    {
        int id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters ?? new { } }), WebSocketMessageType.Text,
                endOfMessage: true, _end.Token);
        return await answer.Task.WaitAsync(AnswersWithin);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, _end.Token);
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                Take(JsonNode.Parse(message.ToArray())!);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The test or the browser has ended; pending commands run into their timeout.
        }
    }

    private void Take(JsonNode message)
    {
        if (message["id"] is { } id)
        {
            if (_waiting.TryRemove((int)id, out TaskCompletionSource<JsonNode>? waiting))
                waiting.SetResult(message["result"] ?? message);
            return;
        }
        JsonNode? details = message["params"];
        switch ((string?)message["method"])
        {
            case "Page.loadEventFired":
                _loaded.TrySetResult();
                break;
            case "Runtime.exceptionThrown":
            case "Runtime.consoleAPICalled" when (string?)details!["type"] is "error" or "warning" or "assert":
            case "Log.entryAdded" when (string?)details!["entry"]!["level"] is "error" or "warning":
                Errors.Enqueue(details!.ToJsonString());
                break;
            case "Network.requestWillBeSent":
                Requests.Enqueue((string)details!["request"]!["url"]!);
                break;
        }
    }
}
