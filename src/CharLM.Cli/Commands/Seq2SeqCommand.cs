using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq</c>.</summary>
internal sealed class Seq2SeqCommand : Command
{
    public Seq2SeqCommand()
        : base("seq2seq", "Turn one text into another with an encoder-decoder trained on pairs.")
    {
        Add(new Seq2SeqTrainCommand());
        Add(new Seq2SeqPredictCommand());
        Add(new Seq2SeqEvalCommand());
    }
}
