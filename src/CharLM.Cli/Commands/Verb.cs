using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary>A verb: does its work and tells an exit code; what it throws is <see cref="Failure"/>'s.</summary>
internal abstract class Verb : Command
{
    protected Verb(string name, string description)
        : base(name, description)
    {
        SetAction(RunAsync);
    }

    /// <summary>Does the verb's work.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken);
}
