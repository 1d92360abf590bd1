using System.Diagnostics;
using System.Text.RegularExpressions;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>A headless Chromium with one page, controlled through the DevTools protocol.</summary>
internal sealed partial class HeadlessChromium : IAsyncDisposable
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(60);
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly Process _process;
    private readonly string _profile;

    private HeadlessChromium(Process process, string profile, DevTools page)
    {
        _process = process;
        _profile = profile;
        Page = page;
    }

    /// <summary>The path of the program; null if it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    /// <summary>The only page, initially empty.</summary>
    public DevTools Page { get; }

    /// <summary>Starts the browser with a fresh profile.</summary>
    public static async Task<HeadlessChromium> StartAsync()
    {
        string profile = Directory.CreateTempSubdirectory("charlm-chromium-").FullName;
        // Root, which runs tests in containers, cannot use the sandbox; the only page is our own.
        Process process = Process.Start(new ProcessStartInfo(
            Program ?? throw new InvalidOperationException("there is no Chromium"),
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--window-size=1200,900", "--remote-debugging-port=0",
                    $"--user-data-dir={profile}", "about:blank"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        using var deadline = new CancellationTokenSource(StartsWithin);
        try
        {
            string address = await AddressOfAsync(process, deadline.Token);
            return new HeadlessChromium(process, profile, await DevTools.ConnectAsync(address, deadline.Token));
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }
    }

    /// <summary>Saves a screenshot of the page for inspection after the tests.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> SaveScreenshotAsync(string name)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "charlm-screenshots")).FullName, name);
        await File.WriteAllBytesAsync(path, await Page.ScreenshotAsync());
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await Page.DisposeAsync();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A browser process may still be ending while its folder is removed.
        }
    }

    // The browser chooses a free port and prints it on standard error.
    private static async Task<string> AddressOfAsync(Process process, CancellationToken cancellationToken)
    {
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            if (Listening().Match(line) is { Success: true } match)
            {
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return match.Groups["address"].Value;
            }
        }
        throw new InvalidOperationException("the browser ended before it listened");
    }

    [GeneratedRegex("DevTools listening on ws://(?<address>[^/]+)/")]
    private static partial Regex Listening();
}
