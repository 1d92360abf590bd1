namespace CharLM.Corpora;

/// <summary>One source failed; its message becomes the reason in a <see cref="SourceFailure"/>.</summary>
internal sealed class FetchException(FetchFault fault, string reason, Exception? inner = null)
    : Exception(Display.OneLine(reason), inner)
{
    public FetchFault Fault { get; } = fault;
}
