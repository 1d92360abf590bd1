using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary>A verb: does its work and returns an exit code; <see cref="Failure"/> handles its exceptions.</summary>
internal abstract class Verb : Command, IHelped
{
    // Time to end in order: to flush output and end child processes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private volatile bool _saves;

    protected Verb(string name, string description)
        : base(name, description)
    {
        SetAction(RunUntilSignalAsync);
    }

    /// <inheritdoc/>
    public virtual string[] CommonOptions => [];

    /// <inheritdoc/>
    public virtual IReadOnlyList<(string Command, string Purpose)> Examples => [];

    /// <summary>Does the verb's work.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken);

    /// <summary>From now on the verb has something to save when it is interrupted, however long that takes.</summary>
    protected void SavesFromHere() => _saves = true;

    // A thread that blocks on opening a pipe, or computes in one loop, does not see a cancellation: it is abandoned.
    private async Task<int> RunUntilSignalAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        MissingLibrary.Require();
        Task<int> run = Task.Run(() => RunAsync(parse, cancellationToken), CancellationToken.None);
        try
        {
            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (cancellationToken.Register(signal.SetResult))
                await Task.WhenAny(run, signal.Task);
            if (!_saves)
                await Task.WhenAny(run, Task.Delay(Patience, CancellationToken.None));
            if (!_saves && !run.IsCompleted)
                cancellationToken.ThrowIfCancellationRequested();
            return await run;
        }
        catch (CheckpointException e) when (WrongFile.Explain(parse, e) is { } what)
        {
            throw new IOException(what, e);
        }
        catch (CorpusFileException e) when (WrongFile.Explain(parse, e) is { } what)
        {
            throw new IOException(what, e);
        }
    }
}
