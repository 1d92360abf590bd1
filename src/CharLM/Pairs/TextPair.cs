namespace CharLM.Pairs;

/// <summary>One line of a <see cref="PairFile"/>.</summary>
/// <param name="Source">What is read.</param>
/// <param name="Target">What is due: a label, or a text.</param>
/// <param name="Line">The line of the file, from 1.</param>
public readonly record struct TextPair(string Source, string Target, int Line);
