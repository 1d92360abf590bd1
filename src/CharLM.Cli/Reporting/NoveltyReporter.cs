using System.Text;
using CharLM.Cli.Streams;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Reports, after all texts are generated, what each copies from the training text.</summary>
internal sealed class NoveltyReporter(NoveltyCheck check, TokenKind token, int samples)
{
    private const int LongestShown = 300;

    private readonly StringBuilder[] _texts = [.. Enumerable.Range(0, samples).Select(_ => new StringBuilder())];

    /// <summary>Passes the pieces through and records them.</summary>
    public IEnumerable<TextPiece> Follow(IEnumerable<TextPiece> pieces)
    {
        foreach (TextPiece piece in pieces)
        {
            _texts[piece.Sample].Append(piece.Text);
            yield return piece;
        }
    }

    /// <summary>The figures of a recorded text.</summary>
    public NoveltyFigures Of(int sample) => check.Of(_texts[sample].ToString());

    /// <summary>Prints one line per text.</summary>
    public void Print(TextWriter error)
    {
        for (int sample = 0; sample < samples; sample++)
            error.WriteLine($"{(samples == 1 ? "novelty" : $"novelty of {sample}")}: {Describe(Of(sample))}");
    }

    private string Describe(NoveltyFigures figures)
    {
        string text = Printable.Text(check.Text), unit = token == TokenKind.Char ? "characters" : $"{Choices.NameOf(token)}s";
        if (figures.LongestLength == 0)
            return $"nothing is copied from {text}";
        string share = figures.CopiedShare is { } copied
            ? $"; {100 * copied:0.0} % of its passages of {Novelty.GramLength} {unit} are copied" : "";
        return $"the longest passage copied from {text} has {Figure.Count(figures.LongestLength)} of its "
            + $"{Figure.Count(figures.Tokens)} {unit}, \"{Printable.Text(figures.LongestPassage, LongestShown)}\"{share}";
    }
}
