using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus</c>.</summary>
internal sealed class CorpusCommand : Command
{
    public CorpusCommand()
        : base("corpus", "List corpora, download them, look at texts, and list or clear prepared large texts.")
    {
        Add(new CorpusListCommand());
        Add(new CorpusGetCommand());
        Add(new CorpusShowCommand());
        Add(new CorpusCacheCommand());
    }
}
