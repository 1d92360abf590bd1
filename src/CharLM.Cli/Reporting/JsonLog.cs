using CharLM.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Writes every epoch and sample of a run as a JSON line, as it happens.</summary>
internal sealed class JsonLog(string path, IProgress<RunEvent> next) : IProgress<RunEvent>, IDisposable
{
    private readonly StreamWriter _writer = new(path, append: false) { AutoFlush = true };

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Epoch { Report: var epoch }:
                _writer.WriteLine(JsonOutput.Line(new
                {
                    epoch.Epoch,
                    TrainPerplexity = epoch.Train.Perplexity,
                    HeldOutPerplexity = epoch.HeldOut?.Perplexity,
                    epoch.GradientNorm,
                    epoch.LearningRate,
                    epoch.TokensPerSecond,
                    epoch.ElapsedSeconds,
                }));
                break;
            case RunEvent.Sample sample:
                _writer.WriteLine(JsonOutput.Line(new { Epoch = sample.Number, Sample = sample.Text }));
                break;
        }
        next.Report(value);
    }

    public void Dispose() => _writer.Dispose();
}
