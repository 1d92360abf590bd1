using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Every numeric option listed by <c>--help-all</c>, with nonsensical numbers.</summary>
public sealed partial class NumericOptionTests(TrainedModels models) : IDisposable
{
    private const string Huge = "99999999999";

    // Numbers that are valid all the same.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["-1"] = ["--seed", "--forget-bias"],
        [Huge] = ["--seed", "--ridge", "--lr", "--dynamic-lr", "--clip", "--temperature", "--sample-temperature", "--repetition-penalty", "--forget-bias", "--init-sigma",
            "--weight-decay", "--epsilon"],
        ["0"] =
        [
            "--seed", "--clip", "--temperature", "--min-freq", "--max-tokens", "--validation-fraction", "--test-fraction", "--steps", "--steps-per-epoch", "--sample-temperature",
                "--embedding", "--dropout",
                "--threads",
            "--sample-every", "--checkpoint-every", "--forget-bias", "--train-windows", "--validation-windows", "--input-dropout",
                "--output-dropout", "--weight-dropout",
            "--weight-decay", "--momentum", "--spectral-radius", "--sparsity", "--ngrams", "--schedule-end", "--patience", "--reset-every", "--dynamic-decay",
                "--sampled-softmax",
        ],
    };

    // A reservoir's alone: other cells refuse them, whatever the number.
    private static readonly string[] OfReservoirs = ["--spectral-radius", "--leak-rate", "--input-scaling", "--sparsity", "--ridge"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // Valid values get as far as the missing file.
    [Fact]
    public Task Train_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(18, ["train", "--cell", "lstm", "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"),
            except: OfReservoirs);

    [Fact]
    public Task TrainEsn_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(
            18, ["train", "--cell", "esn", "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"),
            except: ["--forget-bias", "--weight-dropout"]);

    [Fact]
    public Task Generate_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(12, ["generate", "--checkpoint", models.Plain], allowed => allowed.Succeeded());

    [Fact]
    public Task Eval_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(6, ["eval", models.Plain, "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"));

    [Fact]
    public Task NGram_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(4, ["ngram", "--corpus", "missing.txt", "--smoothing", "laplace"], allowed => allowed.Refused(1, "missing.txt"));

    [Fact]
    public Task CorpusShow_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(1, ["corpus", "show", "bundled"], allowed => allowed.Succeeded());

    private async Task CheckAsync(int least, string[] command, Action<Outcome> allowed, params string[] except)
    {
        string help = (await _sandbox.RunAsync([.. command, "--help-all"])).Output;
        string[] options = [.. NumericOption().Matches(help).Select(match => match.Groups[1].Value).Except(except)];
        Assert.True(options.Length >= least, $"only {string.Join(' ', options)}");
        string[] values = ["NaN", "1e999", "", "-1", "0", Huge];
        await _sandbox.RunEachAsync(With(Fine), CommandLine, (_, outcome) => allowed(outcome));

        // All errors are reported at once; an option that is checked later is tried alone.
        var alone = new List<(string Value, string[] Options)>();
        await _sandbox.RunEachAsync(With(value => options.Except(Fine(value))), CommandLine, (refused, outcome) =>
        {
            string complaint = outcome.Refused(2).Error;
            alone.AddRange(refused.Options.Where(option => !Names(complaint, option, refused.Value))
                .Select(option => (refused.Value, new[] { option })));
        });
        await _sandbox.RunEachAsync(alone, CommandLine, (refused, outcome) =>
            Assert.True(Names(outcome.Refused(2).Error, refused.Options[0], refused.Value), $"{refused.Options[0]} '{refused.Value}'"));
        Assert.Empty(_sandbox.Files());

        IEnumerable<string> Fine(string value) => Allowed.GetValueOrDefault(value, []).Intersect(options);
        IEnumerable<(string Value, string[] Options)> With(Func<string, IEnumerable<string>> choose) =>
            values.Select(value => (value, choose(value).ToArray())).Where(pair => pair.Item2.Length > 0);
        string[] CommandLine((string Value, string[] Options) pair) =>
            [.. command, .. pair.Options.SelectMany(option => new[] { option, pair.Value })];
    }

    private static bool Names(string complaint, string option, string value) =>
        value.Length == 0
            ? complaint.Contains($"{option} takes a ", StringComparison.Ordinal)
            : Regex.IsMatch(complaint, $@"(--|\b){Regex.Escape(option[2..])} (takes|must) [^;]*\b?{Regex.Escape(value)}\b");

    [GeneratedRegex("^  (--[a-z0-9-]+) <[NXFPT]> ", RegexOptions.Multiline)]
    private static partial Regex NumericOption();
}
