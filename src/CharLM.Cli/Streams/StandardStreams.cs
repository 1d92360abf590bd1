using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Cli.Streams;

/// <summary>
/// Standard output and error as this program writes them: UTF-8 in every locale, the terminal left as it was, and nothing that
/// steers it let through.
/// </summary>
internal sealed partial class StandardStreams : IDisposable
{
    private const int InputHandle = 0, OutputHandle = 1, ErrorHandle = 2;

    // fcntl's, the same on Linux and macOS.
    private const int GetFlags = 1, CloseOnExec = 1;

    // The opposite of what .NET sends when it first uses a terminal, and takes back for nobody: there, the arrow keys
    // would send other codes from now on (terminfo's smkx and rmkx).
    private const string NormalKeys = "\u001b[?1l\u001b>";

    private readonly bool _hasOutput = IsOpen(OutputHandle);
    private readonly StreamWriter _output;
    private readonly VisibleWriter? _terminal;

    /// <summary>Replaces what .NET made of the locale.</summary>
    public StandardStreams()
    {
        _output = Writer(new OutputStream(_hasOutput ? OpenOutput() : Stream.Null));
        LiveError = Writer(IsOpen(ErrorHandle) ? new TolerantStream(Console.OpenStandardError()) : Stream.Null);
        // A text that a model wrote goes into a pipe or a file as it is.
        _terminal = Console.IsOutputRedirected ? null : new VisibleWriter(_output);
        Console.SetOut(_terminal ?? (TextWriter)_output);
        Console.SetError(new VisibleWriter(LiveError));
    }

    /// <summary>Standard error for displays that move on a terminal by themselves; texts of others must be made <see cref="Printable"/>.</summary>
    public static TextWriter LiveError { get; private set; } = TextWriter.Null;

    /// <summary>Standard input.</summary>
    /// <exception cref="IOException">It was closed before the program began.</exception>
    public static Stream OpenInput() =>
        IsOpen(InputHandle) ? Console.OpenStandardInput() : throw new IOException("standard input is closed: give it a file or a pipe");

    /// <summary>Whether standard output failed because its reader has gone, as <c>head</c> does when it has enough.</summary>
    public static bool IsClosedPipe(Exception e) => e is IOException { InnerException: SocketException { SocketErrorCode: SocketError.Shutdown } };

    /// <summary>Makes sure that there is a place for results, before hours are spent on them.</summary>
    /// <exception cref="IOException">Standard output was closed before the program began.</exception>
    public void RequireOutput()
    {
        if (!_hasOutput)
            throw new IOException("standard output is closed: give it a file or a pipe, or /dev/null");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _terminal?.Dispose();
            if (_terminal is not null && !OperatingSystem.IsWindows() && Terminal.HasEscapes)
                _output.Write(NormalKeys);
        }
        catch (IOException)
        {
            // The terminal has gone, and its keys with it.
        }
    }

    // The number of a stream that was closed goes to the next file that is opened, and .NET opens some before this program begins.
    // They are closed when another program is started; what this one was given was not.
    private static bool IsOpen(int handle) =>
        OperatingSystem.IsWindows() || (FileControl(handle, GetFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0);

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

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int handle, int command);
}
