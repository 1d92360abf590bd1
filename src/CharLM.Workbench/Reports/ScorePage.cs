using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Workbench.Reports;

/// <summary>Scored lines as a page: the text coloured by surprisal, and the lines that surprised the model most.</summary>
/// <remarks>Memory is bounded: the first 20,000 tokens are coloured, and some lines kept.</remarks>
/// <param name="vocab">Id to token.</param>
/// <param name="separator">What stands between two tokens.</param>
internal sealed class ScorePage(Vocab vocab, string separator)
{
    private const int MostTokens = 20_000, MostLines = 20, MostCharacters = 200, MostNoted = 5;

    private readonly List<(string Token, double Nats)> _tokens = [];
    private readonly List<string> _notes = [];
    private readonly PriorityQueue<(long Number, double Bits, string Text), (double, long)> _lines = new();
    private long _count, _tokenCount, _characters;
    private double _nats;

    /// <summary>Adds the next line.</summary>
    /// <param name="score">Its score.</param>
    /// <param name="text">The line, as it was before cleaning.</param>
    public void Add(LineScore score, string text)
    {
        _count++;
        _tokenCount += score.Tokens.Count;
        _characters += score.Characters;
        for (int i = 0; i < score.Tokens.Count; i++)
        {
            _nats += float.IsNaN(score.Nats[i]) ? 0 : score.Nats[i];
            if (_tokens.Count >= MostTokens)
                continue;
            bool isEnd = score.Tokens[i] is "\n" or "\r";
            _tokens.Add((score.Tokens[i] + (isEnd ? "" : separator), score.Nats[i]));
            _notes.Add(score.Expected.Count == 0 || score.Expected[i].Count == 0 ? "" : "expected " + string.Join(", ",
                score.Expected[i].Take(MostNoted).Select(one => $"{TokenText.Visible(vocab[one.Token])} {one.Probability:0.00}")));
        }
        // A model that has not learned line ends does not predict them: the page shows them all the same.
        if (_tokens.Count < MostTokens && (score.Tokens.Count == 0 || score.Tokens[^1] is not ("\n" or "\r")))
        {
            _tokens.Add(("\n", double.NaN));
            _notes.Add("");
        }
        if (double.IsNaN(score.BitsPerCharacter))
            return;
        _lines.Enqueue((_count, score.BitsPerCharacter, TokenText.Cut(text, MostCharacters)), (score.BitsPerCharacter, -_count));
        if (_lines.Count > MostLines)
            _lines.Dequeue();
    }

    /// <summary>Builds the page.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="text">The text's name.</param>
    public Report Page(string model, string text)
    {
        (long Number, double Bits, string Text)[] most = [.. _lines.UnorderedItems.Select(item => item.Element)
            .OrderByDescending(line => line.Bits).ThenBy(line => line.Number)];
        string all = _tokenCount > MostTokens ? $", the first {MostTokens:#,0} of {_tokenCount:#,0} tokens" : "";
        return new Report($"Surprisal of {text}",
        [
            new("The text",
                new Paragraph($"{model} needs {ReportFigure.Of(SurprisalText.BitsOf(_nats) / _characters)} bits per character of {text}: "
                    + $"{_count:#,0} lines, {_tokenCount:#,0} tokens.") { IsLead = true },
                SurprisalText.Of(model + all, _tokens, _notes)),
            new("The most surprising lines", new ReportTable(
                "", [new("line"), new("bits per character"), new("text", IsNumber: false)],
                [.. most.Select(line => (string[])[ReportFigure.Of(line.Number), ReportFigure.Of(line.Bits), line.Text])])),
        ]);
    }
}
