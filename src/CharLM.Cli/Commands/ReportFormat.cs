namespace CharLM.Cli.Commands;

/// <summary>How an experiment's report is written.</summary>
internal enum ReportFormat
{
    /// <summary>Columns of text.</summary>
    Table,

    /// <summary>Text with Markdown tables.</summary>
    Markdown,

    /// <summary>CSV with every figure in full.</summary>
    Csv,

    /// <summary>A page with charts, for a browser.</summary>
    Html,

    /// <summary>One JSON object.</summary>
    Json,
}
