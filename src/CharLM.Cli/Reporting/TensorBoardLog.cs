using System.Buffers.Binary;
using System.Numerics;
using CharLM.Workbench.Runs;
using Google.Protobuf;
using Tensorboard;
using TorchSharp;
using TorchSharp.Modules;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes every epoch and sample of a run to a TensorBoard event file, as it happens. A full disk ends the log, not the run. A resumed run
/// adds a file, as TensorBoard expects, which says from which step on the earlier files no longer count.
/// </summary>
/// <param name="folder">The folder; created when the run begins.</param>
/// <param name="resumes">Whether the run was resumed: what it logged after its checkpoint comes again.</param>
/// <param name="next">Receives every event afterwards.</param>
/// <param name="error">Receives a warning if the log ends early.</param>
internal sealed class TensorBoardLog(string folder, bool resumes, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>
{
    private SummaryWriter? _events;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started started:
                _events = Open(started.Description.EpochsDone);
                break;
            case RunEvent.Epoch epoch:
                Write(events => Write(events, epoch.Metrics));
                break;
            case RunEvent.Sample sample:
                // As a code block: Markdown would reformat the text.
                Write(events => events.add_text("sample", "    " + sample.Text.ReplaceLineEndings("\n    "), sample.Number));
                break;
        }
        next.Report(value);
    }

    private static void Write(SummaryWriter events, EpochMetrics epoch)
    {
        if (!epoch.IsOfPairs)
            Add("perplexity/train", epoch.TrainPerplexity);
        Add("nats/train", epoch.TrainLoss);
        if (epoch.HeldOutLoss is { } nats)
        {
            if (!epoch.IsOfPairs)
                Add("perplexity/held_out", Math.Exp(nats));
            Add("nats/held_out", nats);
        }
        foreach ((string name, double value) in epoch.HeldOut ?? new Dictionary<string, double>())
            Add($"held_out/{name}", value);
        Add("training/gradient_norm", epoch.GradientNorm);
        Add("training/learning_rate", epoch.LearningRate);
        Add("training/tokens_per_second", epoch.TokensPerSecond);

        void Add(string tag, double value) => events.add_scalar(tag, (float)value, epoch.Epoch);
    }

    private SummaryWriter Open(int epochsDone)
    {
        try
        {
            string[] earlier = Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
            SummaryWriter events = torch.utils.tensorboard.SummaryWriter(folder);
            // The writer has made its file, and opens it anew for each event.
            if (resumes && earlier.Length > 0 && Directory.GetFiles(folder).Except(earlier).FirstOrDefault() is { } file)
            {
                // Newer TensorBoards take the first one that they see for the beginning of the run.
                for (int i = 0; i < 2; i++)
                    Append(file, StartAt(epochsDone + 1));
            }
            return events;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--tensorboard {folder}: cannot be written: {e.Message}", e);
        }
    }

    // TensorBoard drops what earlier files have from this step on: _CheckForRestartAndMaybePurge in its plugin_event_accumulator.py.
    private static byte[] StartAt(int step) => new Event
    {
        WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0,
        Step = step,
        SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start },
    }.ToByteArray();

    // A record: its length and content, each followed by its masked checksum (TensorFlow's record_writer.h).
    private static void Append(string path, byte[] content)
    {
        var record = new byte[8 + 4 + content.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Masked(record.AsSpan(0, 8)));
        content.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + content.Length), Masked(content));
        using FileStream file = SharedFile.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        file.Write(record);
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return unchecked(BitOperations.RotateRight(~crc, 15) + 0xa282ead8u);
    }

    private void Write(Action<SummaryWriter> write)
    {
        try
        {
            if (_events is not null)
                write(_events);
        }
        // Every event reopens the file.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _events = null;
            ErrorLine.Write(error, $"warning: --tensorboard {folder}: the log ends here: {e.Message}");
        }
    }
}
