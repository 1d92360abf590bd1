using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace CharLM.Cli.Tests.Processes;

/// <summary>A process whose output is collected while it runs; it is killed with its children if it takes too long.</summary>
internal sealed partial class RunningProgram : IDisposable
{
    public const int SigHup = 1;
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigUsr1 = 10;
    public const int SigTerm = 15;

    public const int SigCont = 18;

    private const int SigStop = 19;

    // Generous: other builds and tests may share the machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly Process _process;
    private readonly MemoryStream _output = new(), _error = new();
    private readonly Task _collecting;

    public RunningProgram(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _collecting = Task.WhenAll(
            CollectAsync(_process.StandardOutput.BaseStream, _output), CollectAsync(_process.StandardError.BaseStream, _error));
    }

    /// <summary>Standard input.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Standard error so far.</summary>
    public string ErrorSoFar => Text(_error, Encoding.UTF8);

    /// <summary>Standard output so far.</summary>
    public string OutputSoFar => Text(_output, Encoding.UTF8);

    /// <summary>Waits until a condition holds while the process runs.</summary>
    public async Task UntilAsync(Func<bool> holds, string what)
    {
        var time = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.False(_process.HasExited, $"ended before {what}: {ErrorSoFar}");
            Assert.True(time.Elapsed < Patience, $"waited in vain for {what}: {ErrorSoFar}");
            await Task.Delay(Poll);
        }
    }

    /// <summary>Waits until a file has content, such as the metrics of a run that continues until it is interrupted.</summary>
    public Task UntilFilledAsync(string file) =>
        UntilAsync(() => new FileInfo(file) is { Exists: true, Length: > 0 }, $"the first line of {Path.GetFileName(file)}");

    /// <summary>
    /// Stops the process while a condition holds that may last only a millisecond; on return it still holds, until a signal continues or
    /// kills the process.
    /// </summary>
    /// <param name="holds">The condition, polled continuously.</param>
    /// <param name="wait">How long to wait once it holds.</param>
    /// <param name="what">A description of the condition.</param>
    public void StopWhile(Func<bool> holds, TimeSpan wait, string what)
    {
        var time = Stopwatch.StartNew();
        do
        {
            Signal(SigCont);
            while (!holds())
            {
                Assert.False(_process.HasExited, $"ended before {what}: {ErrorSoFar}");
                Assert.True(time.Elapsed < Patience, $"waited in vain for {what}: {ErrorSoFar}");
            }
            var waited = Stopwatch.StartNew();
            while (waited.Elapsed < wait)
                Thread.SpinWait(10);
            Signal(SigStop);
            while (!IsStopped)
                Thread.Yield();
        }
        while (!holds());
    }

    /// <summary>Sends a signal if the process still exists.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
            _ = Kill(_process.Id, signal);
    }

    /// <summary>Sends a signal to any process.</summary>
    public static void Signal(int process, int signal) => _ = Kill(process, signal);

    /// <summary>The child processes.</summary>
    public int[] Children() =>
    [
        .. Directory.GetDirectories($"/proc/{_process.Id}/task")
            .SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(int.Parse),
    ];

    /// <summary>Whether the process has a handler for a signal.</summary>
    public bool Catches(int signal) => Has("SigCgt:", signal);

    /// <summary>Skips the test if Ctrl+C is ignored, which the process inherits from a shell's background job.</summary>
    public void SkipIfInterruptIsIgnored() => Assert.SkipWhen(Has("SigIgn:", SigInt), "these tests were started with SIGINT ignored");

    /// <summary>Waits for the end.</summary>
    public async Task<Outcome> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            await _collecting.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"did not end within {Patience.TotalSeconds} s: {OutputSoFar}\n--\n{ErrorSoFar}");
        }
        return new Outcome(_process.ExitCode, Text(_output, StrictUtf8), Text(_error, StrictUtf8));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private bool IsStopped => _process.HasExited || Status("State:").StartsWith('T');

    private string Status(string field) =>
        File.ReadLines($"/proc/{_process.Id}/status")
            .Single(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Trim();

    private bool Has(string set, int signal)
    {
        string bits = Status(set);
        return (ulong.Parse(bits, NumberStyles.HexNumber) & (1UL << (signal - 1))) != 0;
    }

    private static async Task CollectAsync(Stream from, MemoryStream into)
    {
        var buffer = new byte[4096];
        while (await from.ReadAsync(buffer) is var read and > 0)
        {
            lock (into)
                into.Write(buffer, 0, read);
        }
    }

    private static string Text(MemoryStream bytes, Encoding encoding)
    {
        lock (bytes)
            return encoding.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
