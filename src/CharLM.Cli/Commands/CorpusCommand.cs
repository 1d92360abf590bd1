using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus</c>.</summary>
internal sealed class CorpusCommand : Command
{
    public CorpusCommand()
        : base("corpus", "List corpora, download them, and look at texts.")
    {
        Add(new CorpusListCommand());
        Add(new CorpusGetCommand());
        Add(new CorpusShowCommand());
    }
}
