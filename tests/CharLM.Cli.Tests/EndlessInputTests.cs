using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Endless inputs are refused in one line, long before memory is full.</summary>
public sealed class EndlessInputTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose()
    {
        Assert.Empty(_sandbox.Files());
        _sandbox.Dispose();
    }

    private static readonly (int ExitCode, string Command, string Complaint)[] Devices =
    [
        (1, "corpus show /dev/zero", "can be read from a pipe or a device"),
        (1, "corpus show /dev/urandom", "is a binary file"),
        (1, "train --corpus /dev/zero", "can be read from a pipe or a device"),
        (1, "ngram --corpus /dev/zero --out m", "can be read from a pipe or a device"),
        (1, "classify train --data /dev/zero", "can be read from a pipe or a device"),
        (1, "score /dev/zero", "a line 1 of more than"),
        (1, "score /dev/urandom", "is not UTF-8"),
        (1, "inspect /dev/zero", "not a safetensors file"),
        (1, "generate --checkpoint /dev/urandom", "/dev/urandom"),
        (2, "train --config /dev/zero", "is larger than 1048576 characters"),
        (2, "experiment run /dev/zero", "is larger than 1048576 characters"),
    ];

    [Fact]
    public Task AnyVerb_EndlessDevice_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(Devices, device => device.Command.Split(' '),
            (device, outcome) => outcome.Refused(device.ExitCode, device.Complaint));

    [Theory]
    [InlineData("yes | corpus show -", "can be read from a pipe or a device")]
    [InlineData("yes | train --corpus -", "can be read from a pipe or a device")]
    [InlineData("corpus show <(yes 2>/dev/null)", "can be read from a pipe or a device")]
    [InlineData("seq2seq train --data <(yes 2>/dev/null)", "can be read from a pipe or a device")]
    [InlineData("generate --interactive </dev/zero", "a line of more than")]
    [InlineData("inspect <(yes 2>/dev/null)", "is a pipe or a device")]
    [InlineData("import --from-pytorch <(yes 2>/dev/null) --out m", "is a pipe or a device")]
    [InlineData("import --from-pytorch x --vocab <(yes 2>/dev/null) --out m", "is a pipe or a device")]
    [InlineData("report <(yes 2>/dev/null)", "is a pipe or a device")]
    public async Task AnyVerb_EndlessInput_IsRefusedInOneLine(string command, string complaint)
    {
        string charlm = command.StartsWith("yes | ", StringComparison.Ordinal) ? $"yes 2>/dev/null | charlm {command["yes | ".Length..]}"
            : $"charlm {command}";
        (await _sandbox.BashAsync(charlm)).Refused(1, complaint);
    }

    [Fact]
    public async Task AnyVerb_EndlessConfiguration_IsRefusedInOneLine() =>
        (await _sandbox.BashAsync("charlm train --config <(yes 2>/dev/null)")).Refused(2, "is larger than 1048576 characters");

    [Theory]
    [InlineData("corpus show /dev/zero")]
    [InlineData("yes | corpus show -")]
    public async Task CorpusShow_EndlessInput_HoldsLessThan300MB(string command)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3, which reads a child's peak of memory, is missing");
        const string Peak = "import resource, subprocess, sys; subprocess.run(sys.argv[1:]); "
            + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        bool isPiped = command.StartsWith("yes | ", StringComparison.Ordinal);
        Outcome outcome = await _sandbox.BashAsync(
            $"{(isPiped ? "yes 2>/dev/null | " : "")}python3 -c '{Peak}' charlm {(isPiped ? command["yes | ".Length..] : command)} "
                + "2>/dev/null");
        Assert.InRange(int.Parse(Assert.Single(outcome.OutputLines)), 1, 300 * 1024);
    }

    // A user without a home directory gets no cache in a folder with a predictable name.
    [Fact]
    public async Task CorpusList_NoHome_KeepsNothingInTmp()
    {
        _sandbox.Environment["HOME"] = "/no/such/home";
        _sandbox.Environment.Remove("CHARLM_CACHE");
        string temporary = _sandbox.Environment["TMPDIR"];
        Assert.DoesNotContain(
            temporary, (await _sandbox.RunAsync("corpus", "list", "--json")).Succeeded().Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("corpus", "get", "moby-dick")).Refused(1, "there is no directory to keep it in");
        Assert.EndsWith("bundled.txt\n", (await _sandbox.RunAsync("corpus", "get", "bundled")).Succeeded().Output,
            StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }
}
