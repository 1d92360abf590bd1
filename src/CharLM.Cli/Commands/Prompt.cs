using System.CommandLine;
using System.Text;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Generation;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary>Continues each line of standard input; all lines and continuations form one text.</summary>
/// <remarks>
/// After a continuation the model reads a line end, as shown on the screen, if it knows one and if no stop string ended the continuation:
/// that string was read instead. An empty line continues without adding anything.
/// </remarks>
internal sealed class Prompt(
    GenerationSession session, Tokenizer tokenizer, Vocab vocab, GenerationWarnings warnings, InvocationConfiguration streams, bool json)
{
    private const int LongestLine = 1_000_000;
    private const string LineEnd = "\n";

    private bool _endsLine;

    /// <summary>Runs until standard input ends.</summary>
    /// <param name="prefix">Read before the first line; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The input is not UTF-8, or a line is too long.</exception>
    public async Task RunAsync(string? prefix, CancellationToken cancellationToken)
    {
        if (prefix is not null)
            _ = TryRead(prefix);
        // Console's own reader would change the terminal's key handling.
        using var input = new StreamReader(StandardStreams.OpenInput(), new UTF8Encoding(false, throwOnInvalidBytes: true));
        while (await ReadLineAsync(input, cancellationToken) is { } line)
        {
            // A line without any known token has been reported, and there is nothing to generate after it.
            if (line.Length > 0 && !TryRead(line))
                continue;
            if (session.IsEmpty)
                ErrorLine.Write(streams.Error, "there is nothing to continue yet: type the beginning of a text");
            else if (json)
                PrintJson(line, cancellationToken);
            else
                Print(line, cancellationToken);
        }
        if (IsTerminal)
            streams.Error.WriteLine();
    }

    private static bool IsTerminal => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    private bool TryRead(string line)
    {
        try
        {
            line = tokenizer.FromText(line);
            warnings.AboutText(line);
        }
        catch (InvalidConfigException e)
        {
            // Keep going: the next line may be better.
            ErrorLine.Write(streams.Error, e.Message);
            return false;
        }
        if (_endsLine && vocab[LineEnd] != Vocab.UnknownId)
            session.Read(LineEnd);
        _endsLine = false;
        session.Read(line);
        return true;
    }

    private void Print(string line, CancellationToken cancellationToken)
    {
        using PieceWriter output = tokenizer.Kind == TokenKind.Byte ? PieceWriter.ForBytes(streams.Output)
            : PieceWriter.For(streams.Output);
        output.Write(tokenizer.FromText(line));
        foreach (TextPiece piece in session.Continue(cancellationToken))
        {
            output.Write(piece.Text);
            _endsLine = piece.End?.Reason is not (EndReason.Stop or EndReason.Document);
        }
        output.Write("\n");
    }

    private void PrintJson(string line, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        TextEnd? end = null;
        foreach (TextPiece piece in session.Continue(cancellationToken))
        {
            text.Append(piece.Text);
            end = piece.End;
        }
        _endsLine = end!.Reason is not (EndReason.Stop or EndReason.Document);
        streams.Output.WriteLine(
            JsonOutput.Line(new { Prefix = line, Continuation = tokenizer.ToText(text.ToString()), End = end.Reason, end.Tokens }));
    }

    // On another thread, since a blocking read of a terminal cannot be cancelled and an interrupt must not wait for it.
    private Task<string?> ReadLineAsync(StreamReader input, CancellationToken cancellationToken)
    {
        if (IsTerminal)
            streams.Error.Write("> ");
        return Task.Run(() => ReadLine(input), CancellationToken.None).WaitAsync(cancellationToken);
    }

    private static string? ReadLine(StreamReader input)
    {
        var line = new StringBuilder();
        try
        {
            int next;
            while ((next = input.Read()) is not (-1 or '\n'))
            {
                if (line.Length == LongestLine)
                    throw new IOException($"standard input has a line of more than {LongestLine} characters");
                line.Append((char)next);
            }
            if (next < 0 && line.Length == 0)
                return null;
        }
        catch (DecoderFallbackException)
        {
            throw new IOException(
                $"standard input is not UTF-8{(OperatingSystem.IsWindows() ? " (in the command prompt, chcp 65001 makes it so)" : "")}");
        }
        if (line is [.., '\r'])
            line.Length--;
        return line.ToString();
    }
}
