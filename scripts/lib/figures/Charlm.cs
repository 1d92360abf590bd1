using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace CharLM.Figures;

/// <summary>The program, as the scripts built it: its runs, its versions, and the machine.</summary>
internal static class Charlm
{
    private static readonly string Program =
        Environment.GetEnvironmentVariable("CHARLM_PROGRAM") ?? throw new InvalidOperationException("call this through its script");

    /// <summary>The checkout, in which the scripts run this.</summary>
    public static string Root { get; } = Environment.CurrentDirectory;

    /// <summary>The commit that last changed the program: later ones change only docs, tests and scripts.</summary>
    public static string Commit { get; } = Run("git", Root, ["log", "-1", "--abbrev=8", "--format=%h", "--", "src"]).Trim()
        + (Run("git", Root, ["status", "--porcelain", "--untracked-files=no", "src"]).Trim().Length > 0 ? " with changes" : "");

    /// <summary>Versions of charlm, TorchSharp and libtorch.</summary>
    public static string Engine { get; } = string.Join(", ", Run(Program, Root, ["--version"]).Trim().Split(", ").Take(3));

    /// <summary>Today, in UTC.</summary>
    public static string Today { get; } = DateTime.UtcNow.ToString("yyyy-MM-dd");

    /// <summary>The processor and how many there are of it.</summary>
    public static string Machine { get; } = $"{Processor()}, {Environment.ProcessorCount} cores{(IsVirtual ? ", shared" : "")}";

    // The host may run other machines on the same cores.
    private static bool IsVirtual => HasFlag("hypervisor");

    private static bool HasFlag(string flag) => File.Exists("/proc/cpuinfo")
        && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) is { } flags
        && flags.Split(' ').Contains(flag);

    /// <summary>Trains, and returns what <c>--json</c> prints.</summary>
    /// <param name="words">The options, without those for output.</param>
    /// <param name="folder">The folder in which it runs.</param>
    /// <param name="runDirectory">A run directory to write, or null for none.</param>
    /// <exception cref="InvalidOperationException">charlm failed.</exception>
    public static JsonElement Train(IEnumerable<string> words, string folder, string? runDirectory = null)
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("charlm-figures-");
        try
        {
            string[] quiet = ["--json", "--sample-every", "0", "--checkpoint-every", "0"];
            string[] place = runDirectory is null
                ? ["--out", Path.Combine(scratch.FullName, "model.safetensors")] : ["--run-dir", runDirectory];
            return JsonDocument.Parse(Run(Program, folder, ["train", .. words, .. quiet, .. place])).RootElement;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>All settings that a training run would have, one a line, but for the place of its text.</summary>
    /// <param name="words">The options.</param>
    /// <param name="folder">The folder in which it would run.</param>
    public static string[] SettingsOf(IEnumerable<string> words, string folder) =>
        [.. Run(Program, folder, ["train", .. words, "--print-config"]).Split('\n')
            .Where(line => line.Length > 0 && !line.StartsWith("corpus:", StringComparison.Ordinal))];

    /// <summary>Runs any verb and returns its standard output.</summary>
    /// <param name="words">Verb and options.</param>
    public static string Call(params string[] words) => Run(Program, Root, words);

    /// <summary>Runs a program and returns its standard output.</summary>
    /// <param name="file">The program.</param>
    /// <param name="folder">The folder in which it runs.</param>
    /// <param name="words">Its arguments.</param>
    /// <exception cref="InvalidOperationException">It failed: the last line that it wrote to standard error.</exception>
    public static string Run(string file, string folder, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(file, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{Path.GetFileName(file)} {string.Join(' ', words)} ended with {process.ExitCode}: "
                    + errors.Result.Trim().Split('\n')[^1]);
    }

    private static string Processor()
    {
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        string name = line?.Split(':')[1].Trim() ?? RuntimeInformation.OSArchitecture.ToString();
        // A virtual machine names no model; half floats tell the Xeons since Sapphire Rapids from the earlier ones.
        return name == "Intel(R) Xeon(R) Processor" && HasFlag("avx512_fp16")
            ? "Intel Xeon (Sapphire Rapids class)" : name;
    }
}
