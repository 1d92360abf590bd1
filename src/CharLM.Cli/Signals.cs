using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CharLM.Cli;

/// <summary>
/// Turns the first signal into a request to end in order (finish the minibatch, save a checkpoint); a second one ends the program at once.
/// </summary>
/// <remarks>
/// Signals within a second of the first count as one: a batch system signals every process of a job, a closed session sends SIGHUP and
/// SIGTERM, and a script forwards a signal that its process group already received.
/// </remarks>
internal sealed class Signals : IDisposable
{
    // Batch systems send it shortly before a job's time is up; .NET has no name for it.
    private const PosixSignal UserSignal1OnLinux = (PosixSignal)10;

    private static readonly TimeSpan OneRequest = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _end = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private PosixSignal? _first;
    private long _heard;
    private volatile bool _staysInHandler;

    /// <summary>Listens for Ctrl+C, SIGTERM and SIGHUP, on Linux also for SIGUSR1.</summary>
    public Signals()
    {
        PosixSignal[] heard =
        [
            PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP,
                .. OperatingSystem.IsLinux() ? [UserSignal1OnLinux] : Array.Empty<PosixSignal>(),
        ];
        foreach (PosixSignal signal in heard)
            _registrations.Add(PosixSignalRegistration.Create(signal, Hear));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Whether the first signal was Ctrl+C.</summary>
    public bool FromKeyboard => _first == PosixSignal.SIGINT;

    /// <inheritdoc/>
    public void Dispose()
    {
        // On Windows, disposing the registration would wait for the handler, which waits for the program to end.
        if (!_staysInHandler)
            _registrations.ForEach(registration => registration.Dispose());
        _end.Dispose();
    }

    private void Hear(PosixSignalContext context)
    {
        lock (_lock)
        {
            if (_first is not null)
            {
                // Not cancelling lets the system's default action end the program.
                context.Cancel = Stopwatch.GetElapsedTime(_heard) < OneRequest;
                return;
            }
            (_first, _heard) = (context.Signal, Stopwatch.GetTimestamp());
            context.Cancel = true;
            _staysInHandler = OperatingSystem.IsWindows() && context.Signal != PosixSignal.SIGINT;
        }
        _end.Cancel();
        // When a window is closed, Windows ends the program as soon as this handler returns, or after five seconds. So the handler never
        // returns, and the program ends by itself once it has saved.
        if (_staysInHandler)
            Thread.Sleep(Timeout.Infinite);
    }
}
