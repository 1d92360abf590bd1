using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>How a run's model did on text that its training did not see, beside what it has to beat.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Evaluation">The figures of its checkpoint.</param>
/// <param name="NGram">The figures of counted n-grams on the same text; null when there was nothing to count.</param>
/// <param name="Compressors">What compressors need for the same text.</param>
/// <param name="Passage">The beginning of the text, token by token, with the nats of each.</param>
public sealed record RunMeasurement(
    string Run, EvaluationReport Evaluation, EvaluationReport? NGram, IReadOnlyList<CompressorBaseline> Compressors, IReadOnlyList<(string Token, double Nats)> Passage);
