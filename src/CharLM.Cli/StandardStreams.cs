using System.IO.Pipes;
using System.Net.Sockets;
using System.Text;
using CharLM.Cli.Reporting;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Cli;

/// <summary>Standard output and error as this program writes them: UTF-8 in every locale, the terminal left as it was.</summary>
internal sealed class StandardStreams : IDisposable
{
    private const int OutputHandle = 1;

    // The opposite of what .NET sends when it first uses a terminal, and takes back for nobody: there, the arrow keys
    // would send other codes from now on (terminfo's smkx and rmkx).
    private const string NormalKeys = "\u001b[?1l\u001b>";

    /// <summary>Replaces what .NET made of the locale.</summary>
    public StandardStreams()
    {
        Console.SetOut(Writer(OpenOutput()));
        Console.SetError(Writer(new TolerantStream(Console.OpenStandardError())));
    }

    /// <summary>Whether standard output failed because its reader has gone, as <c>head</c> does when it has enough.</summary>
    public static bool IsClosedPipe(Exception e) => e is IOException { InnerException: SocketException { SocketErrorCode: SocketError.Shutdown } };

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!Console.IsOutputRedirected && !OperatingSystem.IsWindows() && Terminal.HasEscapes)
            Console.Out.Write(NormalKeys);
    }

    // .NET reads and writes pipes with its sockets. Console's stream keeps silent when the reader has gone, and a long
    // text would be computed for nobody.
    private static Stream OpenOutput()
    {
        if (Console.IsOutputRedirected && !OperatingSystem.IsWindows())
        {
            try
            {
                return new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(OutputHandle, ownsHandle: false));
            }
            catch (IOException)
            {
                // No pipe, but a file.
            }
        }
        return Console.OpenStandardOutput();
    }

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
