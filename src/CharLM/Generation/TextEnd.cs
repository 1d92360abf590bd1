namespace CharLM.Generation;

/// <summary>How a text came to its end.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Reason">Why.</param>
/// <param name="Tokens">Tokens that were chosen, those of a stop string included.</param>
/// <param name="Nats">-ln p of these tokens, where a beam search found them.</param>
/// <param name="Score">What the beam search ranked it by.</param>
public sealed record TextEnd(EndReason Reason, int Tokens, double? Nats = null, double? Score = null);
