using CharLM.Evaluation;
using CharLM.Models;

namespace CharLM.Runs;

/// <summary>The text that a run measures but does not learn from, and how it is read.</summary>
/// <param name="Tokens">Its token ids; empty when nothing is held out.</param>
/// <param name="NumWindows">Windows that are read with the state reset for each; 0: rows with the state carried.</param>
/// <param name="NumSteps">Tokens of a window.</param>
internal sealed record HeldOutText(ReadOnlyMemory<int> Tokens, int NumWindows, int NumSteps)
{
    /// <summary>Rows that are read side by side when the state is carried.</summary>
    public const int Rows = 32;

    /// <summary>Whether anything is held out.</summary>
    public bool Exists => Tokens.Length > 1;

    /// <summary>The split and the state policy in words.</summary>
    public string Describe() => NumWindows > 0
        ? $"the next {NumWindows} windows of {NumSteps} tokens, the state reset for each"
        : $"the last {Tokens.Length} tokens, read in {Math.Min(Rows, Tokens.Length - 1)} rows with the state carried";

    /// <summary>Measures a model on it.</summary>
    public Nats Measure(LanguageModel model) => NumWindows > 0
        ? Evaluator.MeasureWindows(model, Tokens, NumWindows, NumSteps)
        : Evaluator.Measure(model, Tokens, Rows);
}
