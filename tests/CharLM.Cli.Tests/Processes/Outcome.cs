using System.Text.Json;

namespace CharLM.Cli.Tests.Processes;

/// <summary>The outcome of a process.</summary>
/// <param name="ExitCode">Its exit code; 128 plus the signal's number if a signal ended it.</param>
/// <param name="Output">Its standard output, verified as UTF-8.</param>
/// <param name="Error">Its standard error, verified as UTF-8.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] OutputLines => Lines(Output);

    public string[] ErrorLines => Lines(Error);

    /// <summary>The program's error and warning lines, without a run's progress.</summary>
    public string[] Complaints => [.. ErrorLines.Where(line => line.StartsWith("charlm: ", StringComparison.Ordinal))];

    /// <summary>Asserts success.</summary>
    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }

    /// <summary>Asserts a refusal before any work: an exit code, one line on standard error, nothing else.</summary>
    public Outcome Refused(int exitCode, params string[] parts)
    {
        Assert.True(ErrorLines.Length == 1 && Output.Length == 0, $"one line on standard error was due:\n{Output}\n--\n{Error}");
        return Complained(exitCode, parts);
    }

    /// <summary>Asserts a failure during work: an exit code, and one error line after any progress.</summary>
    public Outcome Complained(int exitCode, params string[] parts)
    {
        string line = Assert.Single(Complaints);
        Assert.Equal(line, ErrorLines[^1]);
        foreach (string part in parts)
            Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Equal(exitCode, ExitCode);
        return this;
    }

    /// <summary>Standard output as one JSON object, with all keys in snake_case.</summary>
    public JsonElement Json()
    {
        Assert.EndsWith("\n", Output, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(Assert.Single(OutputLines)).RootElement;
        Assert.Equal(JsonValueKind.Object, json.ValueKind);
        Assert.All(KeysOf(json), key => Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", key));
        return json;
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> KeysOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(entry => KeysOf(entry.Value).Prepend(entry.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(KeysOf),
        _ => [],
    };
}
