namespace CharLM.Cli.Reporting;

/// <summary>What becomes of a log that is there already.</summary>
internal enum LogStart
{
    /// <summary>It begins anew.</summary>
    Empty,

    /// <summary>All of it stays: another run goes on with the model.</summary>
    AfterAll,

    /// <summary>What comes after the checkpoint goes: the run itself goes on, and writes it again.</summary>
    AfterCheckpoint,
}
