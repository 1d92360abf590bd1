using System.Diagnostics;
using System.Text;

namespace CharLM.Cli.Tests.Processes;

/// <summary>
/// The environment of one test: a folder that charlm runs in, its own home and cache, controlled environment variables, and no network
/// beyond this machine.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    private const int NoMount = 98;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("charlm-cli-");

    /// <summary>Creates the sandbox; skips the test if these tests cannot run here.</summary>
    /// <param name="isShared">Whether several tests share it, each of which skips by itself.</param>
    public Sandbox(bool isShared = false)
    {
        Assert.SkipWhen(
            OperatingSystem.IsWindows() && !isShared,
            "tests of the command line need POSIX: bash, signals, pseudo-terminals (scripts/test-windows runs the program on Windows)");
        Folder = _root.CreateSubdirectory("work").FullName;
        Cache = Path.Combine(_root.FullName, "cache");
        Environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{ProgramFolder}:/usr/sbin:/usr/bin:/sbin:/bin",
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../..")),
            ["HOME"] = _root.CreateSubdirectory("home").FullName,
            ["TMPDIR"] = _root.CreateSubdirectory("tmp").FullName,
            ["TERM"] = "xterm-256color",
            ["LC_ALL"] = "C.UTF-8",
            ["CHARLM_CACHE"] = Cache,
            // Nobody listens on port 9: requests beyond this machine fail at once.
            ["http_proxy"] = "http://127.0.0.1:9",
            ["https_proxy"] = "http://127.0.0.1:9",
            ["no_proxy"] = "127.0.0.1",
        };
    }

    /// <summary>The folder of the program, beside the tests.</summary>
    public static string ProgramFolder => AppContext.BaseDirectory.TrimEnd('/');

    /// <summary>The program to run.</summary>
    public string Program { get; set; } = Path.Combine(ProgramFolder, "charlm");

    /// <summary>The working directory.</summary>
    public string Folder { get; }

    /// <summary>The corpus cache.</summary>
    public string Cache { get; }

    /// <summary>All of its environment variables.</summary>
    public Dictionary<string, string> Environment { get; }

    /// <summary>A path in the folder.</summary>
    public string At(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file in the folder.</summary>
    /// <returns>Its name.</returns>
    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return name;
    }

    /// <summary>Everything in the folder, hidden files included.</summary>
    public string[] Files() =>
        [.. Directory.EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal)];

    /// <summary>The temporary files in a subfolder; none if it is missing.</summary>
    public string[] Temporaries(string folder = "") => Directory.Exists(At(folder)) ? Directory.GetFiles(At(folder), ".*.tmp") : [];

    /// <summary>Runs charlm to its end, with nothing on standard input.</summary>
    public Task<Outcome> RunAsync(params string[] arguments) => RunWithInputAsync([], arguments);

    /// <summary>Runs charlm to its end.</summary>
    public async Task<Outcome> RunWithInputAsync(byte[] input, params string[] arguments)
    {
        using RunningProgram program = Start(arguments);
        await FeedAsync(program, input);
        return await program.EndAsync();
    }

    /// <summary>Runs several command lines to their end in one process, for refusals and output before any work.</summary>
    public async Task<Outcome[]> RunEachAsync(IReadOnlyList<string[]> commands)
    {
        if (commands.Count == 0)
            return [];
        string folder = _root.CreateSubdirectory($"each-{Guid.NewGuid():N}").FullName;
        StartupHook.Write(Path.Combine(folder, StartupHook.Commands), commands);
        Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
        Environment[StartupHook.Folder] = folder;
        RunningProgram program;
        try
        {
            program = Start();
        }
        finally
        {
            Environment.Remove("DOTNET_STARTUP_HOOKS");
            Environment.Remove(StartupHook.Folder);
        }
        using (program)
        {
            program.Input.Close();
            Assert.Equal(new Outcome(0, "", ""), await program.EndAsync());
        }
        return [.. commands.Select((_, i) => new Outcome(int.Parse(Read("code", i)), Read("out", i), Read("err", i)))];

        string Read(string kind, int i) => StrictUtf8.GetString(File.ReadAllBytes(Path.Combine(folder, $"{i}.{kind}")));
    }

    /// <summary>Runs the command lines of several cases in one process and checks each outcome; reports all failures.</summary>
    public async Task RunEachAsync<T>(IEnumerable<T> cases, Func<T, string[]> words, Action<T, Outcome> check)
    {
        T[] all = [.. cases];
        Outcome[] outcomes = await RunEachAsync([.. all.Select(words)]);
        Assert.All(all.Zip(outcomes), pair => check(pair.First, pair.Second));
    }

    /// <summary>
    /// Runs command lines in one process and asserts that each is refused with an exit code and one line containing some parts.
    /// </summary>
    public Task RefuseEachAsync(params (int ExitCode, string[] Words, string[] Parts)[] cases) =>
        RunEachAsync(cases, refused => refused.Words, (refused, outcome) => outcome.Refused(refused.ExitCode, refused.Parts));

    /// <summary>Runs a bash script to its end, with charlm on the path.</summary>
    public async Task<Outcome> BashAsync(string script, params string[] arguments)
    {
        using RunningProgram bash = StartProcess("bash", ["-c", script, "bash", .. arguments]);
        await FeedAsync(bash, []);
        return await bash.EndAsync();
    }

    /// <summary>Runs a bash script beside the folder "disk", a separate file system; skips the test if none can be mounted.</summary>
    /// <param name="options">The mount options: "size=100k", "ro".</param>
    public async Task<Outcome> InAMountAsync(string options, string script, params string[] arguments)
    {
        // A separate mount namespace, so that the mount ends with the script in any case.
        Outcome outcome = await BashAsync("mkdir disk; exec unshare --mount bash -c \"$@\"",
            [$"mount -t tmpfs -o {options} none disk || exit {NoMount}\n{script}", "bash", .. arguments]);
        Assert.SkipWhen(outcome.ExitCode == NoMount || outcome.Error.StartsWith("unshare: ", StringComparison.Ordinal),
            $"no file system can be mounted here: {outcome.Error.Trim()}");
        return outcome;
    }

    /// <summary>Starts charlm; its standard input stays open.</summary>
    public RunningProgram Start(params string[] arguments) => StartProcess(Program, arguments);

    /// <summary>Starts any program; its standard input stays open.</summary>
    public RunningProgram StartProcess(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = StrictUtf8,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in Environment)
            start.Environment[name] = value;
        return new RunningProgram(start);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private static async Task FeedAsync(RunningProgram program, byte[] input)
    {
        try
        {
            await program.Input.WriteAsync(input);
            program.Input.Close();
        }
        catch (IOException)
        {
            // The process did not read all its input; its output tells why.
        }
    }
}
