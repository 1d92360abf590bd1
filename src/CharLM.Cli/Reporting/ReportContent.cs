using CharLM.Workbench.Reports;

namespace CharLM.Cli.Reporting;

/// <summary>What <c>charlm report</c> writes of some runs, whatever they trained.</summary>
/// <param name="Report">The page.</param>
/// <param name="Runs">The table of the runs, every figure in full.</param>
/// <param name="Epochs">That of their epochs.</param>
/// <param name="Evaluations">That of what was measured.</param>
/// <param name="Figures">The runs' figures, for --json.</param>
internal sealed record ReportContent(Report Report, ReportTable Runs, ReportTable Epochs, ReportTable Evaluations, IReadOnlyList<object> Figures);
