using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>The system calls with which the program replaces a file, as strace shows them.</summary>
public sealed partial class DiskOrderTests
{
    // Replacing a file: its content reaches the disk first, then its name, then the folder.
    [Fact]
    public async Task Ngram_Checkpoint_IsFlushedThenRenamedThenItsFolderIsFlushed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "strace is for Linux");
        string? strace = new[] { "/usr/bin/strace", "/bin/strace" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(strace is null, "there is no strace on this machine");
        using var sandbox = new Sandbox();
        string trace = sandbox.At("trace.txt");
        sandbox.Write("text.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 20)));
        sandbox.Write("model.safetensors", "old");
        using RunningProgram program = sandbox.StartProcess(
            strace!, "-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2", sandbox.Program, "ngram",
                "--corpus", "text.txt", "--out", "model.safetensors");
        Outcome outcome = await program.EndAsync();
        Assert.SkipWhen(outcome.Error.Contains("ptrace", StringComparison.Ordinal), $"strace may not trace here: {outcome.Error}");
        Assert.Equal(0, outcome.ExitCode);

        string[] calls = [.. (await File.ReadAllLinesAsync(trace)).Where(line => line.Contains(sandbox.Folder, StringComparison.Ordinal)
            && !line.Contains("resumed", StringComparison.Ordinal)).Select(Kind)];
        Assert.Equal(["flush file", "rename", "flush folder"], calls);

        string Kind(string call) => Renames().IsMatch(call) ? "rename"
            : call.Contains($"<{sandbox.Folder}>", StringComparison.Ordinal) ? "flush folder"
            : "flush file";
    }

    [GeneratedRegex(@"\brename(at2?)?\(")]
    private static partial Regex Renames();
}
