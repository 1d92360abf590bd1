using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using CharLM.Cli.Reporting;
using CharLM.Torch;

namespace CharLM.Cli.Commands;

/// <summary>Prints the versions and the device, which a bug report should include.</summary>
/// <param name="json">Whether to print JSON.</param>
internal sealed class VersionAction(Option<bool> json) : SynchronousCommandLineAction
{
    /// <summary>The toolkit's version.</summary>
    public static string Version =>
        typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "unknown";

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        bool asJson = parseResult.GetValue(json);
        string torch = $"charlm {Version}, TorchSharp {TorchRuntime.TorchSharpVersion}";
        try
        {
            TorchRuntime.Use();
            output.WriteLine(asJson
                ? JsonOutput.Line(new
                {
                    Charlm = Version,
                    TorchSharp = TorchRuntime.TorchSharpVersion,
                    Libtorch = TorchRuntime.LibtorchVersion,
                    BlasThreads = TorchRuntime.Threads,
                    Device = TorchRuntime.DefaultDevice,
                })
                : $"{torch}, libtorch {TorchRuntime.LibtorchVersion}, {TorchRuntime.Threads} BLAS "
                    + $"thread{(TorchRuntime.Threads == 1 ? "" : "s")}, device {TorchRuntime.DefaultDevice}");
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            // A torch that cannot be loaded is worth a bug report, too, so print the version first.
            output.WriteLine(asJson
                ? JsonOutput.Line(new
                {
                    Charlm = Version,
                    TorchSharp = TorchRuntime.TorchSharpVersion,
                    Libtorch = (string?)null,
                    BlasThreads = (int?)null,
                    Device = (string?)null,
                })
                : $"{torch}, not loadable");
            return Failure.Report(e, parseResult.InvocationConfiguration.Error);
        }
        return ExitCode.Done;
    }
}
