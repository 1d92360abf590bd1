namespace CharLM.Cli.Reporting;

/// <summary>Runs of one kind that were read and will be reported.</summary>
internal interface IReportedRuns
{
    /// <summary>What is written of them.</summary>
    /// <param name="measure">Measures the runs; null measures nothing.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    Task<ReportContent> ReportAsync(ReportMeasuring? measure, CancellationToken cancellationToken);
}
