using System.Runtime.InteropServices;

namespace CharLM.Cli;

/// <summary>
/// Makes the first signal a request to end in order (the current minibatch, then a checkpoint); a second one ends the
/// program at once.
/// </summary>
internal sealed class Signals : IDisposable
{
    // Batch systems announce the end of a job's time with it; .NET has no name for it.
    private const PosixSignal UserSignal1OnLinux = (PosixSignal)10;

    private readonly CancellationTokenSource _end = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private PosixSignal? _first;

    /// <summary>Listens to Ctrl+C and SIGTERM, on Linux to SIGUSR1, too.</summary>
    public Signals()
    {
        PosixSignal[] heard = [PosixSignal.SIGINT, PosixSignal.SIGTERM, .. OperatingSystem.IsLinux() ? [UserSignal1OnLinux] : Array.Empty<PosixSignal>()];
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
        _registrations.ForEach(registration => registration.Dispose());
        _end.Dispose();
    }

    private void Hear(PosixSignalContext context)
    {
        if (_first is not null)
            return; // not cancelled: the system's default, the end
        _first = context.Signal;
        context.Cancel = true;
        _end.Cancel();
    }
}
