using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using CharLM.Runs;

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
        TorchRuntime.Use();
        parseResult.InvocationConfiguration.Output.WriteLine(
            $"charlm {Version}, engine {TorchRuntime.Engine}, libtorch {TorchRuntime.LibtorchVersion}, "
            + $"{TorchRuntime.Threads} BLAS thread{(TorchRuntime.Threads == 1 ? "" : "s")}, device {TorchRuntime.DefaultDevice}");
        return ExitCode.Done;
    }
}
