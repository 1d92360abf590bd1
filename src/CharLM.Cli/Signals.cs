using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CharLM.Cli;

/// <summary>
/// Makes the first signal a request to end in order (the current minibatch, then a checkpoint); a second one ends the
/// program at once.
/// </summary>
/// <remarks>
/// What comes within a second of the first belongs to it: a batch system signals each process of a job, a closed session sends
/// SIGHUP and SIGTERM, and a script passes on what its group has got already.
/// </remarks>
internal sealed class Signals : IDisposable
{
    // Batch systems announce the end of a job's time with it; .NET has no name for it.
    private const PosixSignal UserSignal1OnLinux = (PosixSignal)10;

    private static readonly TimeSpan OneRequest = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _end = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private PosixSignal? _first;
    private long _heard;
    private volatile bool _staysInHandler;

    /// <summary>Listens to Ctrl+C, SIGTERM and SIGHUP, on Linux to SIGUSR1, too.</summary>
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
        // On Windows, the last of them would wait for the handler that waits for the end.
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
                // Where it is not cancelled, it is the system's default, the end.
                context.Cancel = Stopwatch.GetElapsedTime(_heard) < OneRequest;
                return;
            }
            (_first, _heard) = (context.Signal, Stopwatch.GetTimestamp());
            context.Cancel = true;
            _staysInHandler = OperatingSystem.IsWindows() && context.Signal != PosixSignal.SIGINT;
        }
        _end.Cancel();
        // Windows ends the program of a window that was closed when this returns, or five seconds after it was called: it returns no
        // more, and the program ends by itself when it has saved.
        if (_staysInHandler)
            Thread.Sleep(Timeout.Infinite);
    }
}
