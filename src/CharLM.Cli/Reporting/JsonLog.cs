using System.Text;
using System.Text.Json;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Writes every epoch and sample of a run as a JSON line, as it happens. A full disk ends the log, not the run.</summary>
/// <param name="path">The file; created, with its folder, when the run begins.</param>
/// <param name="start">What to do with an existing file.</param>
/// <param name="next">Receives every event afterwards.</param>
/// <param name="error">Receives a warning if the log ends early.</param>
internal sealed class JsonLog(string path, LogStart start, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>, IDisposable
{
    private FileStream? _file;

    // A run killed between its last sample and its end repeats that sample.
    private int _sampled;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started started:
                _file = Open(started.Description.EpochsDone);
                break;
            case RunEvent.Epoch epoch:
                Write(epoch.Metrics);
                break;
            case RunEvent.Sample sample when sample.Number > _sampled || start != LogStart.AfterCheckpoint:
                Write(new { Epoch = sample.Number, Sample = sample.Text });
                break;
        }
        next.Report(value);
    }

    public void Dispose() => _file?.Dispose();

    private FileStream Open(int epochsDone)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new IOException("it is a folder"));
            if (start == LogStart.AfterCheckpoint && File.Exists(path))
                CutAfter(epochsDone);
            return SharedFile.Open(
                path, start == LogStart.Empty ? FileMode.Create : FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--log-json {path}: cannot be written: {e.Message}", e);
        }
    }

    // Epochs after the checkpoint will be repeated; a killed writer may leave a line without its end.
    private void CutAfter(int epochsDone)
    {
        using FileStream file = SharedFile.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        // A pipe has no past content.
        if (!file.CanSeek)
            return;
        long kept = 0;
        var line = new List<byte>();
        for (int next; (next = file.ReadByte()) >= 0;)
        {
            if (next != '\n')
            {
                line.Add((byte)next);
                continue;
            }
            (int epoch, bool isSample) = EpochOf(line);
            if (epoch > epochsDone)
                break;
            if (isSample)
                _sampled = epoch;
            kept += line.Count + 1;
            line.Clear();
        }
        file.SetLength(kept);
    }

    // Foreign lines belong to no epoch.
    private static (int Epoch, bool IsSample) EpochOf(List<byte> line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line.ToArray());
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("epoch", out JsonElement epoch)
                && epoch.TryGetInt32(out int number)
                ? (number, json.RootElement.TryGetProperty("sample", out _))
                : (0, false);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (0, false);
        }
    }

    private void Write<T>(T entry)
    {
        try
        {
            _file?.Write(Encoding.UTF8.GetBytes(JsonOutput.Line(entry) + "\n"));
        }
        catch (IOException e)
        {
            _file?.Dispose();
            _file = null;
            ErrorLine.Write(error, $"warning: --log-json {path}: the log ends here: {e.Message}");
        }
    }
}
