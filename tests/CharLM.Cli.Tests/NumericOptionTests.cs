using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Every option that takes a number, as <c>--help</c> lists them, meets numbers that make no sense.</summary>
public sealed partial class NumericOptionTests(TrainedModels models) : IDisposable
{
    private const string Huge = "99999999999";

    // What makes sense all the same.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["-1"] = ["--seed", "--forget-bias"],
        [Huge] = ["--seed", "--lr", "--dynamic-lr", "--clip", "--temperature", "--repetition-penalty", "--forget-bias", "--init-sigma",
            "--weight-decay"],
        ["0"] =
        [
            "--seed", "--clip", "--temperature", "--min-freq", "--max-tokens", "--validation-fraction", "--embedding", "--dropout",
                "--threads",
            "--sample-every", "--checkpoint-every", "--forget-bias", "--train-windows", "--validation-windows", "--input-dropout",
                "--output-dropout", "--weight-dropout",
            "--weight-decay", "--schedule-end", "--patience", "--reset-every", "--dynamic-decay",
        ],
    };

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // What is allowed gets as far as the file that is not there.
    [Fact]
    public Task Train_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(18, ["train", "--cell", "lstm", "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"));

    [Fact]
    public Task Generate_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(12, ["generate", "--checkpoint", models.Plain], allowed => allowed.Succeeded());

    [Fact]
    public Task Eval_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(6, ["eval", models.Plain, "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"));

    [Fact]
    public Task NGram_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(4, ["ngram", "--corpus", "missing.txt"], allowed => allowed.Refused(1, "missing.txt"));

    [Fact]
    public Task CorpusShow_NumberWithoutSense_IsRefusedByName() =>
        CheckAsync(1, ["corpus", "show", "bundled"], allowed => allowed.Succeeded());

    private async Task CheckAsync(int least, string[] command, Action<Outcome> allowed)
    {
        string help = (await _sandbox.RunAsync([.. command, "--help"])).Output;
        string[] options = [.. NumericOption().Matches(help).Select(match => match.Groups[1].Value)];
        Assert.True(options.Length >= least, $"only {string.Join(' ', options)}");
        foreach (string value in (string[])["NaN", "1e999", "", "-1", "0", Huge])
        {
            string[] fine = [.. Allowed.GetValueOrDefault(value, []).Intersect(options)];
            if (fine.Length > 0)
                allowed(await _sandbox.RunAsync([.. command, .. With(fine, value)]));

            // All errors are told at once; an option that is checked later is tried alone.
            string[] refused = [.. options.Except(fine)];
            if (refused.Length > 0)
            {
                string complaint = (await _sandbox.RunAsync([.. command, .. With(refused, value)])).Refused(2).Error;
                foreach (string option in refused.Where(option => !Names(complaint, option, value)))
                    Assert.True(Names((await _sandbox.RunAsync([.. command, option, value])).Refused(2).Error, option, value),
                        $"{option} '{value}'");
            }
        }
        Assert.Empty(_sandbox.Files());
    }

    private static IEnumerable<string> With(IEnumerable<string> options, string value) =>
        options.SelectMany(option => new[] { option, value });

    private static bool Names(string complaint, string option, string value) =>
        value.Length == 0
            ? complaint.Contains($"{option} takes a ", StringComparison.Ordinal)
            : Regex.IsMatch(complaint, $@"(--|\b){Regex.Escape(option[2..])} (takes|must) [^;]*\b?{Regex.Escape(value)}\b");

    [GeneratedRegex("^  (--[a-z-]+) <[NXFPT]> ", RegexOptions.Multiline)]
    private static partial Regex NumericOption();
}
