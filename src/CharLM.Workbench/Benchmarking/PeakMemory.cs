using System.Globalization;

namespace CharLM.Workbench.Benchmarking;

/// <summary>The process's peak memory since a given moment; Linux only.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status", Reset = "/proc/self/clear_refs", ResetPeak = "5";

    /// <summary>Resets the peak and returns the resident memory in bytes; null if the system does not report it.</summary>
    public static long? Restart()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        try
        {
            File.WriteAllText(Reset, ResetPeak);
            return Field("VmRSS:");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The peak since then, in bytes; null if the system does not report it.</summary>
    public static long? Read()
    {
        try
        {
            return Field("VmHWM:");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? Field(string name)
    {
        string? line = File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        string[] words = line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 1 && long.TryParse(words[1], NumberStyles.None, null, out long kibibytes) ? kibibytes * 1024 : null;
    }
}
