using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using CharLM.Checkpoints;
using CharLM.Torch;

namespace CharLM.Workbench.Runs;

/// <summary>A run's environment: its <c>environment.json</c>. In an equal one the run repeats bit for bit.</summary>
public sealed record RunEnvironment
{
    /// <summary>The toolkit's version.</summary>
    public required string Toolkit { get; init; }

    /// <summary>The commit of the toolkit; null if it was built outside a checkout.</summary>
    public string? Commit { get; init; }

    /// <summary>The version of TorchSharp; null in runs of older toolkits with two torch engines.</summary>
    public string? TorchSharp { get; init; }

    /// <summary>The version of libtorch.</summary>
    public required string Libtorch { get; init; }

    /// <summary>The version of .NET.</summary>
    public required string Dotnet { get; init; }

    /// <summary>The operating system.</summary>
    public required string Os { get; init; }

    /// <summary>The processor's name.</summary>
    public required string Cpu { get; init; }

    /// <summary>Number of available processors.</summary>
    public required int Processors { get; init; }

    /// <summary>The requested number of threads; 0: the fastest number, which does not change results.</summary>
    public required int Threads { get; init; }

    /// <summary>Number of torch threads.</summary>
    public required int TorchThreads { get; init; }

    /// <summary>The device.</summary>
    public required string Device { get; init; }

    /// <summary>The name of the text.</summary>
    public required string Corpus { get; init; }

    /// <summary>The SHA-256 of its bytes.</summary>
    public required string CorpusSha256 { get; init; }

    /// <summary>The file of the held-out pairs; null if there is none, and for language models, which hold out part of the text.</summary>
    public string? HeldOut { get; init; }

    /// <summary>The SHA-256 of its bytes.</summary>
    public string? HeldOutSha256 { get; init; }

    /// <summary>The start of the run, ISO 8601, UTC.</summary>
    public required string Started { get; init; }

    /// <summary>Reads an environment.json.</summary>
    /// <exception cref="CheckpointException">The file is missing or invalid.</exception>
    public static RunEnvironment Read(string path) => RecordFile.Read<RunEnvironment>(path);

    /// <summary>Captures the environment of this process.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="device">The device.</param>
    /// <param name="threads">The requested number of threads.</param>
    /// <param name="heldOut">The file of the held-out pairs; default none.</param>
    public static RunEnvironment Capture(CorpusRecord corpus, string device, int threads, CorpusRecord? heldOut = null)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        string[] version = (typeof(RunEnvironment)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+');
        return new RunEnvironment
        {
            Toolkit = version[0],
            Commit = version.Length > 1 ? version[1] : null,
            TorchSharp = TorchRuntime.TorchSharpVersion,
            Libtorch = TorchRuntime.LibtorchVersion,
            Dotnet = RuntimeInformation.FrameworkDescription,
            Os = RuntimeInformation.OSDescription,
            Cpu = CpuName(),
            Processors = Environment.ProcessorCount,
            Threads = threads,
            TorchThreads = TorchRuntime.Threads,
            Device = device,
            Corpus = corpus.Name,
            CorpusSha256 = corpus.Sha256,
            HeldOut = heldOut?.Name,
            HeldOutSha256 = heldOut?.Sha256,
            Started = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The differences from another environment that may change the last bits of a result, as text.</summary>
    internal IEnumerable<string> DifferencesFrom(RunEnvironment other)
    {
        (string Name, string? Is, string? Was)[] parts =
        [
            ("toolkit", $"{Toolkit} {Commit}", $"{other.Toolkit} {other.Commit}"),
            ("TorchSharp", TorchSharp, other.TorchSharp),
            ("libtorch", Libtorch, other.Libtorch),
            ("cpu", Cpu, other.Cpu),
            ("device", Device, other.Device),
            ("torch threads", $"{TorchThreads}", $"{other.TorchThreads}"),
        ];
        return parts.Where(part => part.Is != part.Was).Select(part => $"{part.Name} was {part.Was}, is {part.Is}");
    }

    private static string CpuName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? line = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
