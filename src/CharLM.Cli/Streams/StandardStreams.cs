using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Cli.Streams;

/// <summary>
/// Sets up standard output and error: UTF-8 in every locale, control characters escaped on a terminal, the terminal's state restored at the
/// end.
/// </summary>
internal sealed partial class StandardStreams : IDisposable
{
    private const int InputHandle = 0, OutputHandle = 1, ErrorHandle = 2;

    // Constants of fcntl, the same on Linux and macOS.
    private const int GetFlags = 1, CloseOnExec = 1;

    // Reverts what .NET sends when it first uses a terminal and never takes back: the arrow keys would keep sending other codes (terminfo's
    // smkx and rmkx).
    private const string NormalKeys = "\u001b[?1l\u001b>";

    private readonly bool _hasOutput = IsOpen(OutputHandle);
    private readonly StreamWriter _output;
    private readonly VisibleWriter? _terminal;

    /// <summary>Replaces the console's writers, whose encoding .NET derives from the locale.</summary>
    public StandardStreams()
    {
        UseUnicodeConsole();
        _output = Writer(new OutputStream(_hasOutput ? OpenOutput() : Stream.Null), Console.IsOutputRedirected);
        LiveError = Writer(
            IsOpen(ErrorHandle) ? new TolerantStream(Console.OpenStandardError()) : Stream.Null, Console.IsErrorRedirected);
        // Pipes and files get generated text unchanged.
        _terminal = Console.IsOutputRedirected ? null : new VisibleWriter(_output);
        RawOutput = Console.IsOutputRedirected ? _output.BaseStream : null;
        Console.SetOut(_terminal ?? (TextWriter)_output);
        Console.SetError(new VisibleWriter(LiveError));
    }

    /// <summary>Standard error for live displays; foreign texts in them must be made <see cref="Printable"/>.</summary>
    public static TextWriter LiveError { get; private set; } = TextWriter.Null;

    /// <summary>Standard output for raw bytes, between flushed texts; null on a terminal.</summary>
    public static Stream? RawOutput { get; private set; }

    /// <summary>Opens standard input: unchanged from a file or a pipe, typed text as UTF-8.</summary>
    /// <exception cref="IOException">It was closed before the program began.</exception>
    public static Stream OpenInput()
    {
        if (!IsOpen(InputHandle))
            throw new IOException("standard input is closed: give it a file or a pipe");
        Stream input = Console.OpenStandardInput();
        return OperatingSystem.IsWindows() && !Console.IsInputRedirected ? new TypedInputStream(input) : input;
    }

    /// <summary>Whether standard output failed because its reader has gone, as <c>head</c> does once it has enough.</summary>
    public static bool IsClosedPipe(Exception e) =>
        e is IOException { InnerException: SocketException { SocketErrorCode: SocketError.Shutdown } };

    /// <summary>Makes sure that results can be written, before hours are spent on them.</summary>
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
            // The terminal has gone.
        }
    }

    // The handle of a closed stream goes to the next opened file, and .NET opens some before this program starts. Those close on exec;
    // inherited streams do not.
    private static bool IsOpen(int handle) =>
        OperatingSystem.IsWindows() || (FileControl(handle, GetFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0);

    // .NET reads and writes pipes through its sockets. Console's stream ignores a reader that has gone, and a long text would be computed
    // for nobody.
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
                // Not a pipe but a file.
            }
        }
        return Console.OpenStandardOutput();
    }

    // A Windows console decodes bytes in its code page, which is rarely UTF-8, and keeps a page that a program sets. With UTF-16, .NET
    // reads and writes the console as text and leaves the page unchanged.
    private static void UseUnicodeConsole()
    {
        if (!OperatingSystem.IsWindows())
            return;
        if (!Console.IsInputRedirected)
            Console.InputEncoding = Encoding.Unicode;
        if (!Console.IsOutputRedirected || !Console.IsErrorRedirected)
            Console.OutputEncoding = Encoding.Unicode;
    }

    // Line feeds on every system, so that redirected output is the same everywhere.
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
/// Writes to another stream and ignores failures: a run does not end because nobody can see its progress (standard error closed, or a file
/// on a full disk).
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
            // There is nowhere else to report it.
        }
    }
}

/// <summary>Writes to standard output, and reports its failures as such, not as those of some file.</summary>
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

/// <summary>Standard output cannot be written: a full disk, or a terminal that has gone.</summary>
internal sealed class OutputException(string message, Exception inner) : IOException(message, inner);

/// <summary>The members of <see cref="Stream"/> that a write-only stream does not support.</summary>
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
