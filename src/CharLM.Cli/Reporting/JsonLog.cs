using System.Text;
using CharLM.Evaluation;
using CharLM.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes every epoch and sample of a run as a JSON line, as it happens. A disk that fills up ends the log, not the run.
/// </summary>
/// <param name="path">The file; made, with its folder, when the run begins.</param>
/// <param name="append">Whether what is in the file stays: a run that goes on continues its log.</param>
/// <param name="style">Whether it is told of nats and perplexities, or of nats and figures.</param>
/// <param name="next">Is told of everything, too.</param>
/// <param name="error">Where the end of the log is told.</param>
internal sealed class JsonLog(string path, bool append, LossStyle style, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>, IDisposable
{
    private FileStream? _file;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started or RunEvent.StartedOnPairs:
                _file = Open();
                break;
            case RunEvent.Epoch { Report: var epoch } when style == LossStyle.Nats:
                Write(new
                {
                    epoch.Epoch,
                    TrainLoss = epoch.Train.Mean,
                    HeldOutLoss = epoch.HeldOut?.Mean,
                    HeldOut = Measure.ByKey(epoch.Measures),
                    epoch.GradientNorm,
                    epoch.LearningRate,
                    PredictionsPerSecond = epoch.TokensPerSecond,
                    epoch.ElapsedSeconds,
                });
                break;
            case RunEvent.Epoch { Report: var epoch }:
                Write(new
                {
                    epoch.Epoch,
                    TrainLoss = epoch.Train.Mean,
                    HeldOutLoss = epoch.HeldOut?.Mean,
                    TrainPerplexity = epoch.Train.Perplexity,
                    HeldOutPerplexity = epoch.HeldOut?.Perplexity,
                    epoch.GradientNorm,
                    epoch.LearningRate,
                    epoch.TokensPerSecond,
                    epoch.ElapsedSeconds,
                });
                break;
            case RunEvent.Sample sample:
                Write(new { Epoch = sample.Number, Sample = sample.Text });
                break;
        }
        next.Report(value);
    }

    public void Dispose() => _file?.Dispose();

    private FileStream Open()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new IOException("it is a folder"));
            return new FileStream(path, append ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--log-json {path}: cannot be written: {e.Message}", e);
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
