using System.Text.Json;

namespace CharLM.Cli.Tests.Processes;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number when a signal ended it.</param>
/// <param name="Output">Its standard output, which was valid UTF-8.</param>
/// <param name="Error">Its standard error, which was valid UTF-8.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] OutputLines => Lines(Output);

    public string[] ErrorLines => Lines(Error);

    /// <summary>The lines in which the program complains; a run's progress is not among them.</summary>
    public string[] Complaints => [.. ErrorLines.Where(line => line.StartsWith("charlm: ", StringComparison.Ordinal))];

    /// <summary>The program did what it should.</summary>
    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }

    /// <summary>The program refused before it did anything: an exit code, one line on standard error, nothing else.</summary>
    public Outcome Refused(int exitCode, params string[] parts)
    {
        Assert.True(ErrorLines.Length == 1 && Output.Length == 0, $"one line on standard error was due:\n{Output}\n--\n{Error}");
        return Complained(exitCode, parts);
    }

    /// <summary>The program failed on its way: an exit code, and one complaint after whatever it reported.</summary>
    public Outcome Complained(int exitCode, params string[] parts)
    {
        string line = Assert.Single(Complaints);
        Assert.Equal(line, ErrorLines[^1]);
        foreach (string part in parts)
            Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Equal(exitCode, ExitCode);
        return this;
    }

    /// <summary>The one JSON object that standard output is, its keys all snake_case.</summary>
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
