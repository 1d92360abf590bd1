using System.Diagnostics;

namespace CharLM.Tests;

/// <summary>Runs Python scripts that need PyTorch; where it is absent, their tests are skipped with the reason.</summary>
internal static class PyTorch
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Debian's python3-torch belongs to the system's Python, which need not be the first python3 on the path.
    private static readonly Lazy<string?> Python = new(() => new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(HasTorch));

    /// <summary>Runs a script and returns its output.</summary>
    public static string Run(string script, params string[] arguments)
    {
        Assert.SkipWhen(Python.Value is null, "no python3 has torch: apt-get install --no-install-recommends python3-torch");
        (int code, string output, string error) = Execute(Python.Value!, [script, .. arguments]);
        Assert.True(code == 0, $"{Path.GetFileName(script)} ended with {code}: {error}");
        return output;
    }

    private static bool HasTorch(string python)
    {
        try
        {
            return Execute(python, ["-c", "import torch"]).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // there is no such program
        }
    }

    private static (int Code, string Output, string Error) Execute(string python, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1"; // no __pycache__ in the checkout
        start.Environment["OMP_NUM_THREADS"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"python did not end within {Patience.TotalSeconds} s");
        }
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }
}
