using CharLM.Cli.Streams;
using CharLM.Corpora;

namespace CharLM.Cli.Reporting;

/// <summary>Shows downloads and their problems on standard error: a progress bar on a terminal, else a line at the end.</summary>
internal sealed class DownloadReporter(TextWriter error) : IProgress<DownloadProgress>, IProgress<CorpusNotice>, IDisposable
{
    private const int BarWidth = 30;

    private readonly bool _live = Terminal.IsLive;
    private bool _hasBar;

    public void Report(DownloadProgress value)
    {
        bool done = value.BytesReceived == value.TotalBytes;
        string size = $"{Printable.Text(value.Corpus)}: {Figure.Bytes(value.BytesReceived)} of {Figure.Bytes(value.TotalBytes)}";
        if (_live)
        {
            int filled = (int)(BarWidth * value.BytesReceived / Math.Max(1, value.TotalBytes));
            StandardStreams.LiveError.Write($"\r\u001b[2K{size} [{new string('#', filled)}{new string('.', BarWidth - filled)}]");
            _hasBar = true;
            if (done)
                EndBar();
        }
        else if (done)
        {
            error.WriteLine($"{size} from {value.Source}");
        }
    }

    public void Report(CorpusNotice value)
    {
        // A person at a terminal wants to know what the program waits for; a log keeps only warnings.
        if (!value.IsWarning && !_live)
            return;
        EndBar();
        ErrorLine.Write(error, value.Message);
    }

    public void Dispose() => EndBar();

    private void EndBar()
    {
        if (_hasBar)
            error.WriteLine();
        _hasBar = false;
    }
}
