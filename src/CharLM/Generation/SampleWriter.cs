using CharLM.Generation.Constraints;

namespace CharLM.Generation;

/// <summary>One of the texts that are written side by side.</summary>
internal sealed class SampleWriter(int sample, TokenSampler sampler, StopStrings stops, TokenConstraint? constraint)
{
    private int _tokens, _length, _state;
    private string _held = "";

    /// <summary>Whether the text has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>A token that the model reads and did not choose.</summary>
    public void Read(int token) => sampler.Remember(token);

    /// <summary>Begins to continue what was read.</summary>
    /// <param name="length">Tokens to add at most.</param>
    public void Begin(int length)
    {
        (_tokens, _length, _held, HasEnded) = (0, length, "", false);
        _state = TokenConstraint.Start;
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">One value a token of the vocab; overwritten.</param>
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

    /// <summary>Writes the token that was chosen.</summary>
    /// <param name="text">What it adds to the text.</param>
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

/// <summary>The next part of a text that is being written.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Sample">The number of the text, from 0.</param>
/// <param name="Text">What is added to it; may be empty.</param>
/// <param name="End">Why it ends here; null when it goes on.</param>
public readonly record struct TextPiece(int Sample, string Text, TextEnd? End);

/// <summary>How a text came to its end.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Reason">Why.</param>
/// <param name="Tokens">Tokens that were chosen, those of a stop string and the end of a document included.</param>
/// <param name="Nats">-ln p of these tokens, where a beam search found them.</param>
/// <param name="Score">What the beam search ranked it by.</param>
public sealed record TextEnd(EndReason Reason, int Tokens, double? Nats = null, double? Score = null);

/// <summary>Why a text ends.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum EndReason
{
    /// <summary>It has as many tokens as were asked for.</summary>
    Length,

    /// <summary>A stop string would come.</summary>
    Stop,

    /// <summary>It matches the expression, and is at its end.</summary>
    Match,

    /// <summary>The model has ended the document.</summary>
    Document,
}
