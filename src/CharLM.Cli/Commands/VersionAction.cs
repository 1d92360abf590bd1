using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using CharLM.Torch;

namespace CharLM.Cli.Commands;

/// <summary>Prints what a report of a problem should begin with.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <summary>The toolkit's version.</summary>
    public static string Version =>
        typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        string torch;
        try
        {
            TorchRuntime.Use();
            torch = $"libtorch {TorchRuntime.LibtorchVersion}, "
                + $"{TorchRuntime.Threads} BLAS thread{(TorchRuntime.Threads == 1 ? "" : "s")}, device {TorchRuntime.DefaultDevice}";
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            // What cannot be loaded is worth a report, too, and a report begins with the version.
            output.WriteLine($"charlm {Version}, TorchSharp {TorchRuntime.TorchSharpVersion}, not loadable");
            return Failure.Report(e, parseResult.InvocationConfiguration.Error);
        }
        output.WriteLine($"charlm {Version}, TorchSharp {TorchRuntime.TorchSharpVersion}, {torch}");
        return ExitCode.Done;
    }
}
