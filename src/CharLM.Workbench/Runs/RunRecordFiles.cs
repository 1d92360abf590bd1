using System.Text;
using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The growing files of a run directory: metrics and samples.</summary>
internal sealed class RunRecordFiles : IDisposable
{
    private readonly HashSet<FileStream> _unflushed = [];
    private readonly FileStream _metrics, _samples;

    /// <summary>Opens the files and cuts off what follows the checkpoint, which the run will write again identically.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="before">The state of the resumed checkpoint; null for a new run.</param>
    /// <exception cref="RunDirectoryException">A file is shorter than it was at the checkpoint.</exception>
    public RunRecordFiles(RunDirectory directory, ResumeState? before)
    {
        _metrics = Open(directory.MetricsPath, before?.MetricsBytes ?? 0);
        try
        {
            _samples = Open(directory.SamplesPath, before?.SamplesBytes ?? 0);
        }
        catch
        {
            _metrics.Dispose();
            throw;
        }
    }

    /// <summary>The length of the metrics in bytes.</summary>
    public long MetricsLength => _metrics.Length;

    /// <summary>Appends the line of an epoch.</summary>
    /// <exception cref="RunDirectoryException">The file cannot be written.</exception>
    public void Add(EpochMetrics metrics) => Append(_metrics, RecordFile.Line(metrics));

    /// <summary>Appends a sample, unless it is the last one already, written before the process was killed.</summary>
    /// <exception cref="RunDirectoryException">The file cannot be written.</exception>
    public void Add(int epoch, string sample)
    {
        byte[] entry = Encoding.UTF8.GetBytes($"after epoch {epoch}:\n{sample}\n\n");
        if (!EndsWith(_samples, entry))
            Append(_samples, entry);
    }

    /// <summary>Flushes the files to disk and returns the state that a checkpoint needs for resuming.</summary>
    public ResumeState Mark(TrainerState trainer, long step, double elapsedSeconds)
    {
        foreach (FileStream file in _unflushed)
            file.Flush(flushToDisk: true);
        _unflushed.Clear();
        return new ResumeState
        {
            Trainer = trainer,
            Step = step,
            ElapsedSeconds = elapsedSeconds,
            MetricsBytes = _metrics.Position,
            SamplesBytes = _samples.Position,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _samples.Dispose();
    }

    private void Append(FileStream file, byte[] content)
    {
        try
        {
            file.Write(content);
            _unflushed.Add(file);
        }
        catch (IOException e)
        {
            throw RunDirectoryException.CannotBeWritten(file.Name, e);
        }
    }

    private static bool EndsWith(FileStream file, byte[] content)
    {
        if (file.Length < content.Length)
            return false;
        var end = new byte[content.Length];
        file.Seek(-content.Length, SeekOrigin.End);
        file.ReadExactly(end);
        return end.AsSpan().SequenceEqual(content);
    }

    private static FileStream Open(string path, long bytes)
    {
        FileStream file = SharedFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (file.Length < bytes)
        {
            long length = file.Length;
            file.Dispose();
            throw new RunDirectoryException(
                path, $"has {length} bytes, but had {bytes} when the checkpoint was written: restore the file, or start a new "
                    + "run");
        }
        file.SetLength(bytes);
        file.Seek(0, SeekOrigin.End);
        return file;
    }
}
