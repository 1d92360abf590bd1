namespace CharLM.Workbench.Runs;

/// <summary>Decides when a checkpoint is due, and limits the time for writing.</summary>
/// <param name="every">The interval.</param>
/// <param name="clock">The clock.</param>
internal sealed class CheckpointPace(CheckpointInterval every, TimeProvider clock)
{
    // A minute minus the current step and the writing itself.
    private static readonly TimeSpan Automatic = TimeSpan.FromSeconds(50);

    // Writing takes at most 1 part in 50 of the time (2 %); a best model, which could wait for the next checkpoint, 0.5 %.
    private const int LeastWork = 49, LeastWorkForBest = 199;

    // Times of the last checkpoint and the last file, and the time spent on writing in between.
    private long _sinceCheckpoint = clock.GetTimestamp(), _sinceFile = clock.GetTimestamp();
    private TimeSpan _spent, _lastCheckpoint, _lastFile;

    /// <summary>Whether there is time to write the best model separately, before the next checkpoint.</summary>
    public bool HasTimeForBest => clock.GetElapsedTime(_sinceFile) >= LeastWorkForBest * _lastFile;

    private TimeSpan Elapsed => clock.GetElapsedTime(_sinceCheckpoint);

    private bool IsAutomaticDue => Elapsed >= Automatic && Elapsed >= LeastWork * (_spent + _lastCheckpoint);

    /// <summary>Whether a checkpoint is due after a step.</summary>
    /// <param name="step">Steps since the run began.</param>
    public bool IsDueAfterStep(long step) => every switch
    {
        { Amount: 0 } => false,
        { Unit: CheckpointUnit.Steps } => step % every.Amount == 0,
        { Unit: CheckpointUnit.Minutes } => Elapsed.TotalMinutes >= every.Amount,
        { Unit: CheckpointUnit.Automatic } => IsAutomaticDue,
        _ => false,
    };

    /// <summary>Whether a checkpoint is due after a measured epoch.</summary>
    /// <param name="epoch">Finished epochs.</param>
    public bool IsDueAfterEpoch(int epoch) => every switch
    {
        { Amount: 0 } => false,
        { Unit: CheckpointUnit.Epochs } => epoch % every.Amount == 0,
        { Unit: CheckpointUnit.Automatic } => IsAutomaticDue,
        _ => false,
    };

    /// <summary>Writes the best model.</summary>
    public void WriteBest(Action write)
    {
        _lastFile = Time(write);
        _spent += _lastFile;
    }

    /// <summary>Writes a checkpoint and restarts the interval.</summary>
    public void Write(Action write)
    {
        _lastFile = _lastCheckpoint = Time(write);
        (_sinceCheckpoint, _spent) = (_sinceFile, TimeSpan.Zero);
    }

    private TimeSpan Time(Action write)
    {
        long began = clock.GetTimestamp();
        write();
        _sinceFile = clock.GetTimestamp();
        return clock.GetElapsedTime(began, _sinceFile);
    }
}
