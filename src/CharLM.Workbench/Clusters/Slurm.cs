using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace CharLM.Workbench.Clusters;

/// <summary>Slurm's commands, each with a time limit: its controller may be busy or gone.</summary>
internal static class Slurm
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a command and returns what it prints.</summary>
    /// <param name="command">Its name, such as squeue.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It is missing, fails, or does not answer in time; the message is its own.</exception>
    public static async Task<string> RunAsync(string command, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(Patience);
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{command} cannot be started: Slurm's commands are not on this machine", e);
        }
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(enough.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(enough.Token);
            await process.WaitForExitAsync(enough.Token);
            if (process.ExitCode != 0)
                throw new IOException($"{command} failed: {(await error).Trim()}");
            return await output;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{command} gave no answer within {Patience.TotalSeconds} seconds");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The tasks of array jobs of this user that wait or run.</summary>
    /// <param name="jobs">The numbers of the jobs.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>By the task's number, whether it runs.</returns>
    /// <inheritdoc cref="RunAsync"/>
    public static async Task<IReadOnlyDictionary<int, bool>> QueueAsync(
        IReadOnlyCollection<string> jobs, CancellationToken cancellationToken)
    {
        var tasks = new Dictionary<int, bool>();
        if (jobs.Count == 0)
            return tasks;
        string lines = await RunAsync("squeue", ["--me", "--noheader", "--array", "--format=%F %K %T"], cancellationToken);
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // Job, task, state.
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var job, var number, var state] && jobs.Contains(job)
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int task))
                tasks[task] = tasks.GetValueOrDefault(task) || state is "RUNNING" or "COMPLETING" or "CONFIGURING" or "SUSPENDED";
        }
        return tasks;
    }

    /// <summary>Parses a length of time as Slurm writes it: minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S; null for anything else.</summary>
    public static TimeSpan? ParseTime(string text)
    {
        string[] days = text.Split('-');
        if (days.Length > 2)
            return null;
        int[] parts = [.. days[^1].Split(':').Select(Number)];
        if (parts.Contains(-1))
            return null;
        if (days.Length == 1)
        {
            return parts switch
            {
                [var minutes] => TimeSpan.FromMinutes(minutes),
                [var minutes, var seconds] => new TimeSpan(0, minutes, seconds),
                [var hours, var minutes, var seconds] => new TimeSpan(hours, minutes, seconds),
                _ => null,
            };
        }
        return Number(days[0]) is var day && day < 0 ? null : parts switch
        {
            [var hours] => new TimeSpan(day, hours, 0, 0),
            [var hours, var minutes] => new TimeSpan(day, hours, minutes, 0),
            [var hours, var minutes, var seconds] => new TimeSpan(day, hours, minutes, seconds),
            _ => null,
        };

        static int Number(string digits) =>
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 1_000_000 ? number : -1;
    }
}
