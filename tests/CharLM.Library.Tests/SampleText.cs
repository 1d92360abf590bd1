namespace CharLM.Library.Tests;

/// <summary>A text that a small model learns at once.</summary>
internal static class SampleText
{
    public static string Text { get; } = string.Concat(Enumerable.Repeat(
        "Once upon a time there was a traveller. For so it will be convenient to speak of him: he was expounding a matter to us.\n", 25));
}
