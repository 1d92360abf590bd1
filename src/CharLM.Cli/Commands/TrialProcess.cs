using System.Diagnostics;
using System.Globalization;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>
/// Runs trials as processes of this program, so that one that runs out of memory takes nothing else down. A process ends in order when its
/// standard input closes: on request, or because this process has ended.
/// </summary>
/// <param name="file">The experiment.</param>
/// <param name="runs">The folder of all runs; null for the default.</param>
/// <param name="directory">The experiment's runs.</param>
/// <param name="options">Further options of the processes.</param>
internal sealed class TrialProcess(string file, string? runs, ExperimentDirectory directory, IReadOnlyList<string> options)
{
    /// <summary>The option that makes a process end with its standard input.</summary>
    public const string WhileInputOption = "--while-input";

    private const string Complaint = "charlm: ", Warning = "warning ";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // If the process that ran the trials was killed, they may still be saving when the next one starts.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The words that start this program, with full paths.</summary>
    public static IReadOnlyList<string> Program
    {
        get
        {
            string program = Environment.ProcessPath ?? throw new InvalidOperationException("the program's own file is not known");
            // When started as "dotnet charlm.dll", the process is dotnet.
            return Path.GetFileNameWithoutExtension(program) == "dotnet"
                ? [program, Path.GetFullPath(Environment.GetCommandLineArgs()[0])] : [program];
        }
    }

    /// <summary>Runs one trial, unless another process holds it for too long.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="progress">Receives the newest epoch, at intervals; may skip some.</param>
    /// <param name="cancellationToken">Asks the process to save and end.</param>
    public async Task<TrialStatus> RunAsync(Trial trial, IProgress<EpochMetrics> progress, CancellationToken cancellationToken)
    {
        if (!await IsFreeAsync(trial, cancellationToken))
            return new TrialStatus(trial, TrialState.Busy) { Progress = directory.Progress(trial) };
        using Process process = Process.Start(StartInfo(trial))
            ?? throw new InvalidOperationException("the process of the trial did not start");
        Task output = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        Task<(string, List<string>)> told = ReadAsync(process.StandardError);
        await using (cancellationToken.Register(process.StandardInput.Close))
        {
            Task end = process.WaitForExitAsync(CancellationToken.None);
            EpochMetrics? last = null;
            while (await Task.WhenAny(end, Task.Delay(Look, CancellationToken.None)) != end)
            {
                if (directory.Progress(trial) is { } now && now != last)
                    progress.Report(last = now);
            }
        }
        await output;
        (string problem, List<string> warnings) = await told;
        return Ended(trial, process.ExitCode, problem) with { Warnings = warnings };
    }

    private TrialStatus Ended(Trial trial, int code, string problem)
    {
        TrialStatus status = directory.Status(trial);
        switch (code)
        {
            case ExitCode.Done:
                return status;
            case ExitCode.Resumable or ExitCode.Interrupted:
                // The other process may have changed the trial's state meanwhile.
                return status.State switch
                {
                    TrialState.Finished => status,
                    TrialState.Running => status with { State = TrialState.Busy },
                    _ => status with { State = TrialState.Resumable },
                };
            default:
                string reason = problem.Length > 0 ? problem : Reason(code);
                // The process records its own failure unless it was killed.
                if (status.State is not (TrialState.Failed or TrialState.Running))
                    TrialFailures.Record(directory, trial, reason);
                return status with { State = TrialState.Failed, Problem = reason };
        }
    }

    // The exit code of a process ended by a signal is 128 plus the signal's number.
    private static string Reason(int code) => code switch
    {
        128 + 9 => "its process was killed (SIGKILL), as the system does when memory runs out",
        > 128 and < 128 + 65 => $"its process was ended by signal {code - 128}",
        // Windows' own codes, such as 0xC0000005, an access violation.
        < 0 => $"its process ended with 0x{code:X8}",
        _ => $"its process ended with {code}",
    };

    private async Task<bool> IsFreeAsync(Trial trial, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (directory.Of(trial).State == RunDirectoryState.Running)
        {
            if (waited.Elapsed > Patience)
                return false;
            await Task.Delay(Look / 5, cancellationToken);
        }
        return true;
    }

    private ProcessStartInfo StartInfo(Trial trial)
    {
        string[] program = [.. Program];
        List<string> words =
        [
            .. program[1..], "experiment", "run", "--trial", trial.Number.ToString(CultureInfo.InvariantCulture), WhileInputOption,
            .. runs is null ? Array.Empty<string>() : ["--runs", runs], .. options, "--", file,
        ];
        return new ProcessStartInfo(program[0], words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    // The last error and all warnings on the process's standard error.
    private static async Task<(string Complaint, List<string> Warnings)> ReadAsync(StreamReader error)
    {
        string last = "";
        var warnings = new List<string>();
        while (await error.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Warning, StringComparison.Ordinal))
                warnings.Add(line[Warning.Length..]);
            else if (line.StartsWith(Complaint, StringComparison.Ordinal))
                last = line[Complaint.Length..];
        }
        return (last, warnings);
    }
}
