namespace CharLM.Cli.Commands;

/// <summary>How an experiment's report is written.</summary>
internal enum ReportFormat
{
    /// <summary>Columns of text.</summary>
    Table,

    /// <summary>A Markdown table.</summary>
    Markdown,

    /// <summary>CSV with every figure in full.</summary>
    Csv,

    /// <summary>One JSON object.</summary>
    Json,
}
