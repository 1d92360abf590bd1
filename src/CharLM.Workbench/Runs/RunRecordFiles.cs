using System.Text;
using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The files of a run directory that grow while the run goes: metrics and samples.</summary>
internal sealed class RunRecordFiles : IDisposable
{
    private readonly HashSet<FileStream> _unflushed = [];
    private readonly FileStream _metrics, _samples;

    /// <summary>Opens them, and cuts off what comes after a checkpoint: it is written again, the same.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="before">The state of the checkpoint that is gone on from; null for a new run.</param>
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

    /// <summary>The bytes of the metrics.</summary>
    public long MetricsLength => _metrics.Length;

    /// <summary>Adds the line of an epoch.</summary>
    /// <exception cref="RunDirectoryException">It cannot be written.</exception>
    public void Add(EpochMetrics metrics) => Append(_metrics, RecordFile.Line(metrics));

    /// <summary>Adds a sample; one that stands at the end already was drawn before the process was killed.</summary>
    /// <exception cref="RunDirectoryException">It cannot be written.</exception>
    public void Add(int epoch, string sample)
    {
        byte[] entry = Encoding.UTF8.GetBytes($"after epoch {epoch}:\n{sample}\n\n");
        if (!EndsWith(_samples, entry))
            Append(_samples, entry);
    }

    /// <summary>Brings them to the disk, and says what a checkpoint needs to go on after them.</summary>
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
                path, $"has {length} bytes where the checkpoint was written after {bytes}: somebody has cut it; put the rest back, or "
                    + "begin anew");
        }
        file.SetLength(bytes);
        file.Seek(0, SeekOrigin.End);
        return file;
    }
}
