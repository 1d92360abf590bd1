using System.Text;
using CharLM.Generation;

namespace CharLM.Cli.Reporting;

/// <summary>Prints texts generated side by side one after the other: the first as it comes, the others in turn.</summary>
internal sealed class SampleReporter(PieceWriter output, string prefix, int samples, bool numbered = true)
{
    private readonly StringBuilder?[] _later = new StringBuilder?[samples];
    private readonly bool[] _ended = new bool[samples];
    private int _current;

    /// <summary>Prints all pieces.</summary>
    public void Print(IEnumerable<TextPiece> pieces)
    {
        Begin();
        foreach (TextPiece piece in pieces)
        {
            if (piece.Sample == _current)
                output.Write(piece.Text);
            else
                (_later[piece.Sample] ??= new StringBuilder()).Append(piece.Text);
            if (piece.End is null)
                continue;
            _ended[piece.Sample] = true;
            while (_current < samples && _ended[_current])
                Next();
        }
    }

    private void Next()
    {
        // Nothing is added to raw bytes.
        if (samples > 1 || !output.IsRaw)
            output.Write("\n");
        if (++_current == samples)
            return;
        Begin();
        if (_later[_current] is not { } text)
            return;
        output.Write(text.ToString());
        _later[_current] = null;
    }

    // The same headings as head and tail use for files; texts of one line need none.
    private void Begin() => output.Write(samples == 1 || !numbered ? prefix : $"==> {_current} <==\n{prefix}");
}
