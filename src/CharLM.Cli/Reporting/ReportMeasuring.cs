using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Pairs;
using static TorchSharp.torch;

namespace CharLM.Cli.Reporting;

/// <summary>Measures runs one by one; of one that cannot be measured it takes a note, and the others go on.</summary>
/// <param name="device">Where models compute.</param>
/// <param name="threads">Threads that share the work.</param>
/// <param name="error">Where notes are told at once.</param>
internal sealed class ReportMeasuring(Device device, int threads, TextWriter error)
{
    private readonly List<string> _notes = [];

    /// <summary>Where models compute.</summary>
    public Device Device => device;

    /// <summary>Threads that share the work.</summary>
    public int Threads => threads;

    /// <summary>Why runs were not measured, each a sentence.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Measures what can be.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="nameOf">What a run is called.</param>
    /// <param name="measure">Measures one.</param>
    public async Task<IReadOnlyList<TMeasurement>> OfAsync<TRun,
        TMeasurement>(IEnumerable<TRun> runs, Func<TRun, string> nameOf, Func<TRun, Task<TMeasurement>> measure)
    {
        var measurements = new List<TMeasurement>();
        foreach (TRun run in runs)
        {
            try
            {
                measurements.Add(await measure(run));
            }
            catch (Exception e) when (
                e is InvalidConfigException or CheckpointException or CorpusException or UnknownCorpusException or CorpusTooShortException
                    or PairFileException or IOException or UnauthorizedAccessException)
            {
                _notes.Add($"{nameOf(run)} is not measured: {e.Message}");
                ErrorLine.Write(error, $"warning: {Printable.Text(_notes[^1])}");
            }
        }
        return measurements;
    }
}
