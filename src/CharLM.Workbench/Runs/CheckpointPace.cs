namespace CharLM.Workbench.Runs;

/// <summary>Says when a checkpoint is due, and how much time may go into writing.</summary>
/// <param name="every">How often.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class CheckpointPace(CheckpointInterval every, TimeProvider clock)
{
    // A minute, less what the step takes that is under way when it is over, and the writing itself.
    private static readonly TimeSpan Automatic = TimeSpan.FromSeconds(50);

    // Writing is at most 2 % of the time, 1 part of 50; of a best model by itself, which could be written with the next checkpoint, 0.5 %.
    private const int LeastWork = 49, LeastWorkForBest = 199;

    // Since the last checkpoint, since the last file, and what writing took in between.
    private long _sinceCheckpoint = clock.GetTimestamp(), _sinceFile = clock.GetTimestamp();
    private TimeSpan _spent, _lastCheckpoint, _lastFile;

    /// <summary>Whether there is time to write the best model by itself, before the next checkpoint.</summary>
    public bool HasTimeForBest => clock.GetElapsedTime(_sinceFile) >= LeastWorkForBest * _lastFile;

    private TimeSpan Elapsed => clock.GetElapsedTime(_sinceCheckpoint);

    private bool IsAutomaticDue => Elapsed >= Automatic && Elapsed >= LeastWork * (_spent + _lastCheckpoint);

    /// <summary>Whether a checkpoint is due after a step.</summary>
    /// <param name="step">Steps of the run.</param>
    public bool IsDueAfterStep(long step) => every switch
    {
        { Amount: 0 } => false,
        { Unit: CheckpointUnit.Steps } => step % every.Amount == 0,
        { Unit: CheckpointUnit.Minutes } => Elapsed.TotalMinutes >= every.Amount,
        { Unit: CheckpointUnit.Automatic } => IsAutomaticDue,
        _ => false,
    };

    /// <summary>Whether a checkpoint is due after an epoch that was measured.</summary>
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

    /// <summary>Writes a checkpoint, and begins to count anew.</summary>
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
