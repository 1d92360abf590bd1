using System.Diagnostics;
using System.Globalization;
using CharLM.Experiments;

namespace CharLM.Cli.Commands;

/// <summary>
/// Runs trials as processes of this program, so that one that runs out of memory takes nothing with it. A process ends in
/// order when its standard input does: when it is asked to, and when this process is no more.
/// </summary>
/// <param name="file">The experiment.</param>
/// <param name="runs">The folder of all runs; null the default.</param>
/// <param name="directory">Where the trials' runs are.</param>
/// <param name="options">Further options of the processes.</param>
internal sealed class TrialProcess(string file, string? runs, ExperimentDirectory directory, IReadOnlyList<string> options)
{
    /// <summary>The option of a process that is to end with its standard input.</summary>
    public const string WhileInputOption = "--while-input";

    private const string Complaint = "charlm: ";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs one trial.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="progress">Told of every epoch, or of the last of some.</param>
    /// <param name="cancellationToken">Asks the process to save and end.</param>
    public async Task<TrialStatus> RunAsync(Trial trial, IProgress<TrialProgress> progress, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(StartInfo(trial)) ?? throw new InvalidOperationException("the process of the trial did not start");
        Task output = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        Task<string> complaint = LastComplaintAsync(process.StandardError);
        await using (cancellationToken.Register(process.StandardInput.Close))
        {
            Task end = process.WaitForExitAsync(CancellationToken.None);
            TrialProgress? last = null;
            while (await Task.WhenAny(end, Task.Delay(Look, CancellationToken.None)) != end)
            {
                if (directory.Progress(trial) is { } now && now != last)
                    progress.Report(last = now);
            }
        }
        await output;
        string problem = await complaint;
        return process.ExitCode switch
        {
            ExitCode.Done => directory.Status(trial),
            ExitCode.Resumable or ExitCode.Interrupted => new TrialStatus(trial, TrialState.Resumable) { Progress = directory.Progress(trial) },
            var code => new TrialStatus(trial, TrialState.Failed) { Problem = problem.Length > 0 ? problem : $"its process ended with {code}" },
        };
    }

    private ProcessStartInfo StartInfo(Trial trial)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("the program's own file is not known");
        // Started as "dotnet charlm.dll", the program is dotnet.
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        List<string> words =
        [
            .. isHost ? [Environment.GetCommandLineArgs()[0]] : Array.Empty<string>(),
            "experiment", "run", "--trial", trial.Number.ToString(CultureInfo.InvariantCulture), WhileInputOption,
            .. runs is null ? Array.Empty<string>() : ["--runs", runs], .. options, "--", file,
        ];
        return new ProcessStartInfo(program, words) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private static async Task<string> LastComplaintAsync(StreamReader error)
    {
        string last = "";
        while (await error.ReadLineAsync() is { } line)
            last = line.StartsWith(Complaint, StringComparison.Ordinal) ? line[Complaint.Length..] : last;
        return last;
    }
}
