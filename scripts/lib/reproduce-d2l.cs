#:property PublishAot=false
// Run by scripts/reproduce-d2l. Each row of a table is a preset with options; its runs are charlm processes.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

string program = Environment.GetEnvironmentVariable("CHARLM_PROGRAM") ?? throw new InvalidOperationException("call scripts/reproduce-d2l");
bool quick = args.Contains("--quick");
bool fusedOnly = args.Contains("--fused"), tableOnly = args.Contains("--table");
int seeds = quick ? 1 : Number("--seeds", 3), torchJobs = Number("--jobs", Math.Max(1, Environment.ProcessorCount));

Row[] book =
[
    new("RNN scratch, sequential", "d2l-rnn-scratch", 1.0, 1.2),
    new("RNN scratch, random sampling", "d2l-rnn-scratch", 1.3, 1.6, Options: "--sampling random"),
    new("RNN built-in", "d2l-rnn", 1.2, 1.4),
    new("GRU scratch", "d2l-gru-scratch", 1.0, 1.3),
    new("GRU built-in", "d2l-gru", 1.0, 1.3),
    new("LSTM scratch", "d2l-lstm-scratch", 1.1, 1.4),
    new("LSTM built-in", "d2l-lstm", 1.0, 1.3),
    new("deep LSTM 2x256", "d2l-deep-lstm", 1.0, 1.6),
    // 500 epochs, ten minutes, do not make it learn either.
    new("32-layer LSTM", "d2l-lstm-32-layers", 16, 18, Options: "--epochs 100", Seeds: 1, Published: "about 17: it does not learn"),
    new("bidirectional LSTM 2x256 (sees the future)", "d2l-bidirectional-lstm", 1.0, 1.2, Seeds: 1, Published: "1.1"),
];
Row[] bookV1 =
[
    new("RNN scratch", "d2l-v1-rnn-scratch", 6.1, 6.4, 7.15, 7.53),
    new("RNN built-in", "d2l-v1-rnn", 5.9, 6.0, 7.17, 7.42),
    new("GRU scratch", "d2l-v1-gru-scratch", 5.7, 5.9, 6.73, 6.96),
    new("GRU built-in", "d2l-v1-gru", 4.9, 5.1, 6.31, 6.75),
    new("LSTM scratch", "d2l-v1-lstm-scratch", 6.7, 7.1, 7.34, 7.69),
    new("LSTM built-in", "d2l-v1-lstm", 5.6, 5.8, 6.69, 6.99),
    new("deep RNN scratch, 2 layers", "d2l-v1-deep-rnn-scratch", 5.2, 5.6, 6.95, 7.26),
    new("deep GRU built-in, 2 layers", "d2l-v1-deep-gru", 4.1, 4.3, 6.11, 6.60),
];

DirectoryInfo folder = Directory.CreateTempSubdirectory("reproduce-d2l-");
// Seed by seed, so that an interrupted call has results for every row; finished runs are kept, and a later call continues.
Job[] jobs = [.. Enumerable.Range(0, seeds).SelectMany(seed => book.Concat(bookV1).Where(row => seed < row.Seeds && !(fusedOnly && row.UsesTorch)).Select(row => new Job(row, seed)))];
string finished = Path.Combine("artifacts", $"reproduce-d2l-{Read("git", "rev-parse", "--short", "HEAD")}.jsonl");
Dictionary<Job, Result> results = quick || !File.Exists(finished)
    ? []
    : File.ReadLines(finished).Select(line => JsonSerializer.Deserialize(line, Kept.Default.Entry)!)
        .Select(entry => (Job: jobs.FirstOrDefault(entry.IsOf), entry.Result)).Where(entry => entry.Job is not null).ToDictionary(entry => entry.Job!, entry => entry.Result);
// torch uses one thread: two runs at a time. The fused kernels use both cores: one at a time.
foreach (bool usesTorch in new[] { true, false })
{
    Job[] some = [.. jobs.Where(job => job.Row.UsesTorch == usesTorch && !results.ContainsKey(job) && !tableOnly)];
    Parallel.ForEach(Partitioner.Create(some, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = usesTorch ? torchJobs : 1 }, job =>
    {
        Result result = Run(job);
        lock (results)
        {
            results.Add(job, result);
            if (!quick)
                File.AppendAllText(finished, JsonSerializer.Serialize(new Entry(job.Row.Name, job.Row.Preset, job.Seed, result), Kept.Default.Entry) + "\n");
            Console.Error.WriteLine($"{results.Count}/{jobs.Length}  {job.Row.Name}, seed {job.Seed}: {Show(result.Train)}{(result.HeldOut is { } heldOut ? $" / {Show(heldOut)}" : "")}  {result.TokensPerSecond:#,0} tokens/s, {result.Seconds:0} s");
        }
    });
}
folder.Delete(recursive: true);

bool all = true;
List<string> page = ["# Results of the book, reproduced", "", $"Written by `scripts/reproduce-d2l` after {results.Values.Sum(result => result.Seconds) / 60:0} minutes of training.", ""];
page.AddRange(EnvironmentLines());
page.AddRange(["## v0.17: training perplexity on the first 10,000 characters of The Time Machine", "",
    "Batch 32, 35 steps, 500 epochs, SGD with learning rate 1 (deep LSTM 2), clip 1, state carried; the RNN from scratch has 512 hidden units, the others 256. It is memorisation: no text is held out.", "",
    "| model | preset | published | ours: median (range) | seeds | tokens/s | |", "|---|---|---|---|---|---|---|"]);
page.AddRange(book.Select(row => Line(row, heldOut: false)));
page.AddRange(["", "## v1.0: 10,000 training windows, the next 5,000 held out", "",
    "Batch 1024, 32 steps, 32 hidden units, clip 1, state zero for each window.", "",
    "| model | preset | train: published | train: ours | held out: published | held out: ours, last epoch | seeds | tokens/s | |", "|---|---|---|---|---|---|---|---|---|"]);
page.AddRange(bookV1.Select(row => Line(row, heldOut: true)));
page.AddRange(["", "Tokens per second cover the whole run, held-out text and samples included; rows from scratch and the bidirectional one ran two at a time, one thread each, the others alone on all cores.", "",
    "Published figures have one or two decimals: a median within 0.05 of a range counts as inside. Perplexity of an epoch is measured before each step learns, as in the book. [Experiments](experiments.md) shows how much figures of the last epoch vary, and what to check if a row is outside."]);
string text = string.Join('\n', page) + "\n";
if (quick)
    Console.Write(text);
else
    File.WriteAllText("docs/results.md", text);
Console.Error.WriteLine(all ? "every row is inside its published range" : "some rows are outside their published range");
return quick || all ? 0 : 1;

Result Run(Job job)
{
    List<string> words = ["train", "--preset", job.Row.Preset, "--corpus", "time-machine", "--seed", $"{job.Seed}", "--json", "--sample-every", "0", "--checkpoint-every", "0",
        "--out", Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.safetensors"), .. job.Row.Options.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
    if (job.Row.UsesTorch)
        words.AddRange(["--threads", "1"]);
    if (quick)
        words.AddRange(["--epochs", "2"]);
    using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    Task<string> errors = process.StandardError.ReadToEndAsync();
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidOperationException($"charlm {string.Join(' ', words)} ended with {process.ExitCode}: {errors.Result}");
    JsonElement json = JsonDocument.Parse(output).RootElement;
    double? heldOut = json.TryGetProperty("held_out_perplexity", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
    double tokens = job.Row.IsV1 ? 10_000 * 32.0 : json.GetProperty("train_tokens").GetDouble();
    double seconds = json.GetProperty("seconds").GetDouble();
    return new Result(json.GetProperty("train_perplexity").GetDouble(), heldOut, tokens * json.GetProperty("epochs").GetInt32() / seconds, seconds);
}

string Line(Row row, bool heldOut)
{
    Result[] ours = [.. results.Where(entry => entry.Key.Row == row).Select(entry => entry.Value)];
    if (ours.Length == 0)
        return $"| {row.Name} | `{row.Preset}` | {row.Published ?? $"{Show(row.Low)}-{Show(row.High)}"} | not run |{(heldOut ? $" {row.HeldOutLow:0.00}-{row.HeldOutHigh:0.00} | not run |" : "")} 0 | | |";
    double[] train = [.. ours.Select(result => result.Train).Order()];
    bool inside = Inside(Median(train), row.Low, row.High);
    string line = $"| {row.Name} | `{row.Preset}`{(row.Options.Length > 0 ? $" `{row.Options}`" : "")} | {row.Published ?? $"{Show(row.Low)}-{Show(row.High)}"} | {Spread(train)} |";
    if (heldOut)
    {
        double[] held = [.. ours.Select(result => result.HeldOut!.Value).Order()];
        inside &= Inside(Median(held), row.HeldOutLow, row.HeldOutHigh);
        line += $" {row.HeldOutLow:0.00}-{row.HeldOutHigh:0.00} | {Spread(held)} |";
    }
    all &= inside;
    return $"{line} {ours.Length} | {Median([.. ours.Select(result => result.TokensPerSecond).Order()]):#,0} | {(inside ? "inside" : "**outside**")} |";
}

// Published figures have one or two decimals.
static bool Inside(double value, double low, double high) => value >= low - 0.05 && value <= high + 0.05;

static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

static string Spread(double[] sorted) => sorted.Length == 1 ? Show(sorted[0]) : $"{Show(Median(sorted))} ({Show(sorted[0])}-{Show(sorted[^1])})";

static string Show(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

IEnumerable<string> EnvironmentLines()
{
    yield return $"- {Read(program, "--version")}";
    yield return $"- commit {Read("git", "rev-parse", "--short", "HEAD")}{(Read("git", "status", "--porcelain", "--untracked-files=no").Length > 0 ? " with changes" : "")}, {DateTime.UtcNow:yyyy-MM-dd}";
    string model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "" : "";
    yield return $"- {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {model}, {Environment.ProcessorCount} cores";
    yield return "";
}

int Number(string option, int fallback) => Array.IndexOf(args, option) is >= 0 and int place && place + 1 < args.Length ? int.Parse(args[place + 1], CultureInfo.InvariantCulture) : fallback;

static string Read(string file, params string[] words)
{
    using Process process = Process.Start(new ProcessStartInfo(file, words) { RedirectStandardOutput = true })!;
    string text = process.StandardOutput.ReadToEnd().Trim();
    process.WaitForExit();
    return text;
}

internal sealed record Row(string Name, string Preset, double Low, double High, double HeldOutLow = 0, double HeldOutHigh = 0, string Options = "", int Seeds = 3, string? Published = null)
{
    public bool IsV1 => Preset.StartsWith("d2l-v1", StringComparison.Ordinal);

    public bool UsesTorch => Preset.EndsWith("scratch", StringComparison.Ordinal) || Preset.Contains("bidirectional", StringComparison.Ordinal);
}

internal sealed record Job(Row Row, int Seed);

internal sealed record Result(double Train, double? HeldOut, double TokensPerSecond, double Seconds);

internal sealed record Entry(string Name, string Preset, int Seed, Result Result)
{
    public bool IsOf(Job job) => (job.Row.Name, job.Row.Preset, job.Seed) == (Name, Preset, Seed);
}

[JsonSerializable(typeof(Entry))]
internal sealed partial class Kept : JsonSerializerContext;
