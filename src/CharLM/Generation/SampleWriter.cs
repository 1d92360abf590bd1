using CharLM.Generation.Constraints;

namespace CharLM.Generation;

/// <summary>Writes one of several texts side by side.</summary>
internal sealed class SampleWriter(int sample, TokenSampler sampler, StopStrings stops, TokenConstraint? constraint)
{
    private int _tokens, _length, _state;
    private string _held = "";

    /// <summary>Whether the text has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Records a token that was given instead of chosen.</summary>
    public void Read(int token) => sampler.Remember(token);

    /// <summary>Begins a continuation.</summary>
    /// <param name="length">Maximum tokens to add.</param>
    public void Begin(int length)
    {
        (_tokens, _length, _held, HasEnded) = (0, length, "", false);
        _state = TokenConstraint.Start;
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">One value per token of the vocab; overwritten.</param>
    public int Choose(Span<float> logits)
    {
        constraint?.Mask(_state, _length - _tokens, logits);
        int token = sampler.Choose(logits);
        sampler.Remember(token);
        if (constraint is not null)
            _state = constraint.Next(_state, token);
        _tokens++;
        return token;
    }

    /// <summary>Writes the chosen token.</summary>
    /// <param name="text">The text that it adds.</param>
    /// <param name="ends">Whether it ends the document.</param>
    public TextPiece Write(string text, bool ends = false)
    {
        string sure = stops.Pass(ref _held, text, out bool isMet);
        EndReason? reason = isMet ? EndReason.Stop
            : ends ? EndReason.Document
            : constraint is not null && !constraint.Continues(_state, _length - _tokens) ? EndReason.Match
            : _tokens == _length ? EndReason.Length
            : null;
        if (reason is null)
            return new TextPiece(sample, sure, null);
        HasEnded = true;
        return new TextPiece(sample, sure + _held, new TextEnd(reason.Value, _tokens));
    }
}

/// <summary>The next part of a text being written.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Sample">The number of the text, from 0.</param>
/// <param name="Text">The text that was added, whole characters; may be empty.</param>
/// <param name="End">How the text ended with this piece; null if it continues.</param>
public readonly record struct TextPiece(int Sample, string Text, TextEnd? End);

/// <summary>How a text ended.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Reason">The reason.</param>
/// <param name="Tokens">Number of chosen tokens, including those of a stop string and the end of a document.</param>
/// <param name="Nats">-ln p of these tokens in nats, if a beam search wrote the text; else null.</param>
/// <param name="Score">The score by which a beam search ranked the text, ln p / length^penalty; else null.</param>
public sealed record TextEnd(EndReason Reason, int Tokens, double? Nats = null, double? Score = null);

/// <summary>Why a text ends.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum EndReason
{
    /// <summary>It has the requested number of tokens.</summary>
    Length,

    /// <summary>A stop string follows.</summary>
    Stop,

    /// <summary>It matches the expression and cannot continue.</summary>
    Match,

    /// <summary>The model ended the document.</summary>
    Document,
}
