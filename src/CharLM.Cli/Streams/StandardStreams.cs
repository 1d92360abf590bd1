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
        UseUnicodeConsole();
        _output = Writer(new OutputStream(_hasOutput ? OpenOutput() : Stream.Null), Console.IsOutputRedirected);
        LiveError = Writer(
            IsOpen(ErrorHandle) ? new TolerantStream(Console.OpenStandardError()) : Stream.Null, Console.IsErrorRedirected);
        // A text that a model wrote goes into a pipe or a file as it is.
        _terminal = Console.IsOutputRedirected ? null : new VisibleWriter(_output);
        RawOutput = Console.IsOutputRedirected ? _output.BaseStream : null;
        Console.SetOut(_terminal ?? (TextWriter)_output);
        Console.SetError(new VisibleWriter(LiveError));
    }

    /// <summary>
    /// Standard error for displays that move on a terminal by themselves; texts of others must be made <see cref="Printable"/>.
    /// </summary>
    public static TextWriter LiveError { get; private set; } = TextWriter.Null;

    /// <summary>What takes bytes as they are, between texts that are flushed; null where standard output is a terminal.</summary>
    public static Stream? RawOutput { get; private set; }

    /// <summary>Standard input: as it is from a file or a pipe, what is typed as UTF-8.</summary>
    /// <exception cref="IOException">It was closed before the program began.</exception>
    public static Stream OpenInput()
    {
        if (!IsOpen(InputHandle))
            throw new IOException("standard input is closed: give it a file or a pipe");
        Stream input = Console.OpenStandardInput();
        return OperatingSystem.IsWindows() && !Console.IsInputRedirected ? new TypedInputStream(input) : input;
    }

    /// <summary>Whether standard output failed because its reader has gone, as <c>head</c> does when it has enough.</summary>
    public static bool IsClosedPipe(Exception e) =>
        e is IOException { InnerException: SocketException { SocketErrorCode: SocketError.Shutdown } };

    /// <summary>Makes sure that there is a place for results, before hours are spent on them.</summary>
    /// <exception cref="IOException">Standard output was closed before the program began.</exception>
    public void RequireOutput()
    {
        if (!_hasOutput)
            throw new IOException(
                $"standard output is closed: give it a file or a pipe, or {(OperatingSystem.IsWindows() ? "nul" : "/dev/null")}");
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

    // A Windows console shows bytes in its code page, which is hardly ever UTF-8, and keeps the page that a program gives it. What
    // .NET takes for a console of UTF-16 is written to and read from as text, and stays as it was.
    private static void UseUnicodeConsole()
    {
        if (!OperatingSystem.IsWindows())
            return;
        if (!Console.IsInputRedirected)
            Console.InputEncoding = Encoding.Unicode;
        if (!Console.IsOutputRedirected || !Console.IsErrorRedirected)
            Console.OutputEncoding = Encoding.Unicode;
    }

    // With line feeds alone everywhere: what is sent into a file is the same on every system.
    private static StreamWriter Writer(Stream stream, bool isRedirected) => new(
        stream, OperatingSystem.IsWindows() && !isRedirected
            ? new UnicodeEncoding(bigEndian: false, byteOrderMark: false) : new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
    {
        AutoFlush = true,
        NewLine = "\n",
    };

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int handle, int command);
}

/// <summary>
/// Writes to another stream as long as that works: a run does not end because nobody can hear its progress any more
/// (standard error closed, or in a file on a full disk).
/// </summary>
internal sealed class TolerantStream(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no other place to tell it.
        }
    }
}

/// <summary>Writes to standard output, and says that it was this that failed, and not some file of the user's.</summary>
internal sealed class OutputStream(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !StandardStreams.IsClosedPipe(e))
        {
            throw new OutputException($"standard output cannot be written: {e.Message}", e);
        }
    }
}

/// <summary>Standard output takes no more: a full disk, or a terminal that has gone.</summary>
internal sealed class OutputException(string message, Exception inner) : IOException(message, inner);

/// <summary>What a stream that only writes has no use for.</summary>
internal abstract class WriteOnlyStream : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override void Write(ReadOnlySpan<byte> buffer);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
