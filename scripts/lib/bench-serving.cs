#:property PublishAot=false
// Run by scripts/bench-serving: starts charlm serve and asks it over loopback.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

const int Clients = 64, Engine = 3_000, Streamed = 200, Short = 32;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Dictionary<string, string> options = new()
{
    ["--rounds"] = "5",
    ["--requests"] = "10000",
    ["--checkpoint"] = "",
    ["--table"] = "",
};
foreach (string[] pair in args.Chunk(2))
{
    if (pair.Length < 2 || !options.ContainsKey(pair[0]))
    {
        Console.Error.WriteLine($"bench-serving: options are {string.Join(", ", options.Keys)}, each with a value");
        return 2;
    }
    options[pair[0]] = pair[1];
}
int rounds = int.Parse(options["--rounds"]), requests = int.Parse(options["--requests"]);
string program = Environment.GetEnvironmentVariable("CHARLM_PROGRAM")!;
string model = options["--checkpoint"] is { Length: > 0 } named ? named
    : Path.Combine(Path.GetDirectoryName(program)!, "checkpoints", "time-machine-gru.safetensors");
using Process server = Process.Start(new ProcessStartInfo(program, ["serve", model, "--port", "0", "--json"])
{
    RedirectStandardOutput = true,
    RedirectStandardError = true,
})!;
try
{
    string address = JsonDocument.Parse(server.StandardOutput.ReadLine()!).RootElement.GetProperty("address").GetString()!;
    using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Clients })
    {
        BaseAddress = new Uri(address),
    };

    // The engine: one response for all texts, so that HTTP costs nothing.
    await AskAsync(Engine, n: 1);
    await AskAsync(Engine, n: Clients);
    List<double> one = [], many = [];
    for (int round = 0; round < rounds; round++)
    {
        one.Add(Engine / await AskAsync(Engine, n: 1));
        many.Add((double)Clients * Engine / await AskAsync(Engine, n: Clients));
    }
    List<string[]> rows = [];
    Row("engine, one text", $"{Median(one):#,0}");
    Row($"engine, {Clients} texts at once", $"{Median(many):#,0} ({Median([.. many.Zip(one, (a, b) => a / b)]):0.0} times one)");

    // Over HTTP: each client streams one text after the other.
    List<double> alone = [], together = [], waits = [];
    double worst = 0;
    for (int round = 0; round < rounds; round++)
    {
        alone.Add(Rate(await StreamAsync(clients: 1, each: 20)));
        (double seconds, double[] times) = await StreamAsync(Clients, each: 6);
        together.Add(Rate((seconds, times)));
        waits.AddRange(times);
        worst = Math.Max(worst, times.Max() / times.Average());
    }
    Row($"HTTP, one client, streams of {Streamed} characters", $"{Median(alone):#,0}");
    Row($"HTTP, {Clients} clients, streams of {Streamed} characters",
        $"{Median(together):#,0} ({Median([.. together.Zip(alone, (a, b) => a / b)]):0.0} times one)");
    string notes = $"A stream of {Clients} clients takes {waits.Average() * 1000:0} ms on average, the slowest of a round {worst:0.00} times "
        + "the round's mean.";

    // Memory: the first tenth warms up.
    await CrowdAsync(requests / 10);
    server.Refresh();
    long before = server.WorkingSet64;
    var time = Stopwatch.StartNew();
    await CrowdAsync(requests);
    double took = time.Elapsed.TotalSeconds;
    server.Refresh();
    long after = server.WorkingSet64;
    notes += $" {requests:#,0} requests of {Short} characters (every third a stream, every eleventh from a client that leaves at once): "
        + $"{requests / took:#,0} per second; resident memory {before / 1e6:0.0} MB before, {after / 1e6:0.0} MB after.";
    Console.WriteLine(notes);
    if (options["--table"] is { Length: > 0 } table)
    {
        var figures = new { columns = new[] { "load", "characters/s" }, rows, note = notes };
        File.WriteAllText(table, JsonSerializer.Serialize(figures));
    }
    return after - before < 20_000_000 ? 0 : 1;

    void Row(string load, string rate)
    {
        rows.Add([load, rate]);
        Console.WriteLine($"{load}: {rate} characters/s");
    }

    static double Rate((double Seconds, double[] Times) run) => run.Times.Length * Streamed / run.Seconds;

    async Task<double> AskAsync(int tokens, int n)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage response = await PostAsync($$"""{"prompt":"the time","max_tokens":{{tokens}},"n":{{n}},"seed":1}""");
        string body = await response.Content.ReadAsStringAsync();
        double seconds = clock.Elapsed.TotalSeconds;
        return body.Contains($"\"completion_tokens\":{tokens * n},", StringComparison.Ordinal) ? seconds
            : throw new InvalidDataException(body[..Math.Min(500, body.Length)]);
    }

    async Task<(double Seconds, double[] Times)> StreamAsync(int clients, int each)
    {
        var clock = Stopwatch.StartNew();
        double[][] times = await Task.WhenAll(Enumerable.Range(0, clients).Select(async who =>
        {
            var mine = new double[each];
            for (int i = 0; i < each; i++)
            {
                var watch = Stopwatch.StartNew();
                using HttpResponseMessage response = await PostAsync(
                    $$"""{"prompt":"the time","max_tokens":{{Streamed}},"stream":true,"seed":{{(who * each) + i}}}""");
                if (!(await response.Content.ReadAsStringAsync()).EndsWith("data: [DONE]\n\n", StringComparison.Ordinal))
                    throw new InvalidDataException("a stream has no end");
                mine[i] = watch.Elapsed.TotalSeconds;
            }
            return mine;
        }));
        return (clock.Elapsed.TotalSeconds, [.. times.SelectMany(some => some)]);
    }

    async Task CrowdAsync(int count)
    {
        int left = count;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int seed; (seed = Interlocked.Decrement(ref left)) >= 0;)
            {
                // Every third is a stream, and every eleventh a client that leaves.
                bool streams = seed % 3 == 0, leaves = seed % 11 == 0;
                using var patience = new CancellationTokenSource();
                if (leaves)
                    patience.CancelAfter(1);
                try
                {
                    string stream = streams ? "true" : "false";
                    using HttpResponseMessage response = await PostAsync(
                        $$"""{"prompt":"the time","max_tokens":{{Short}},"stream":{{stream}},"seed":{{seed}}}""", patience.Token);
                    await response.Content.ReadAsByteArrayAsync(patience.Token);
                }
                catch (OperationCanceledException) when (leaves)
                {
                }
            }
        }));
    }

    async Task<HttpResponseMessage> PostAsync(string json, CancellationToken cancellationToken = default)
    {
        HttpResponseMessage response = await client.PostAsync(
            "v1/completions", new StringContent(json, Encoding.UTF8, "application/json"), cancellationToken);
        return response.IsSuccessStatusCode ? response
            : throw new InvalidDataException(await response.Content.ReadAsStringAsync(CancellationToken.None));
    }
}
finally
{
    server.Kill();
}

static double Median(IReadOnlyList<double> values) => values.Order().ElementAt(values.Count / 2);
