using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CharLM.Cli.Commands;

/// <summary>The kind of shell that a user types commands into.</summary>
internal enum ShellKind
{
    /// <summary>sh, bash, zsh and their like.</summary>
    Posix,

    /// <summary>The command prompt of Windows.</summary>
    Cmd,

    /// <summary>PowerShell.</summary>
    PowerShell,
}

/// <summary>Quotes words for a shell, and detects the shell that called the program.</summary>
internal static partial class Shell
{
    private const int Generations = 8;

    /// <summary>
    /// The shell that called the program, directly or through another program; the system's default if none is recognised.
    /// </summary>
    public static ShellKind AtHand()
    {
        foreach (string ancestor in Ancestors())
        {
            switch (ancestor.ToLowerInvariant())
            {
                case "cmd":
                    return ShellKind.Cmd;
                case "powershell" or "pwsh":
                    return ShellKind.PowerShell;
                case "sh" or "bash" or "zsh" or "dash" or "ksh" or "fish" or "busybox":
                    return ShellKind.Posix;
            }
        }
        return OperatingSystem.IsWindows() ? ShellKind.Cmd : ShellKind.Posix;
    }

    /// <summary>Quotes a command line; the first word is the program.</summary>
    public static string Line(ShellKind shell, IReadOnlyList<string> words)
    {
        string[] quoted = [.. words.Select(word => Quote(shell, word))];
        // PowerShell would evaluate a line that begins with a quoted word as a string.
        return (shell == ShellKind.PowerShell && quoted is [['\'', ..], ..] ? "& " : "") + string.Join(' ', quoted);
    }

    /// <summary>Quotes a word if necessary.</summary>
    public static string Quote(ShellKind shell, string word) => shell switch
    {
        ShellKind.Cmd => QuoteForCmd(word),
        ShellKind.PowerShell => QuoteForPowerShell(word),
        _ => QuoteForPosix(word),
    };

    // Within single quotes only the single quote itself is special.
    private static string QuoteForPosix(string word) => IsPlain(word, "-_./:=,+@%") ? word
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // PowerShell treats four more characters as single quotes, and splits a word that begins with one hyphen and contains a dot.
    private static string QuoteForPowerShell(string word)
    {
        bool isName = !word.StartsWith('-') || word.StartsWith("--", StringComparison.Ordinal);
        return IsPlain(word, isName ? "-_./\\:=+" : "-") ? word
            : $"'{string.Concat(word.Select(c => c is '\'' or >= '\u2018' and <= '\u201b' ? $"{c}{c}" : $"{c}"))}'";
    }

    // Two parsers read the line: the prompt, then the program by Microsoft's rules, where a backslash escapes a quote and backslashes
    // before a quote are doubled. The prompt expands % even within quotes; for such words, carets keep everything outside the prompt's
    // quotes.
    private static string QuoteForCmd(string word)
    {
        if (IsPlain(word, "-_./\\:+@"))
            return word;
        var quoted = new System.Text.StringBuilder("\"");
        int backslashes = 0;
        foreach (char c in word)
        {
            if (c == '"')
                quoted.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            quoted.Append(c);
        }
        string forProgram = quoted.Append('\\', backslashes).Append('"').ToString();
        return !word.Any(c => c is '"' or '%' or '!') ? forProgram
            : string.Concat(forProgram.Select(c => "\"%!^&|<>()".Contains(c) ? $"^{c}" : $"{c}"));
    }

    private static bool IsPlain(string word, string signs) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || signs.Contains(c));

    // The names of the calling programs, nearest first, as far as they are known.
    private static IEnumerable<string> Ancestors()
    {
        int process = Environment.ProcessId;
        for (int i = 0; i < Generations && ParentOf(process) is > 0 and var parent; i++)
        {
            if (NameOf(parent) is not { } name)
                yield break;
            yield return name;
            process = parent;
        }
    }

    private static string? NameOf(int process)
    {
        try
        {
            using var one = Process.GetProcessById(process);
            return one.ProcessName;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static int ParentOf(int process) => OperatingSystem.IsWindows() ? ParentOnWindows(process)
        : OperatingSystem.IsLinux() ? ParentOnLinux(process) : 0;

    private static int ParentOnLinux(int process)
    {
        try
        {
            // "PID (NAME) STATE PARENT ...": NAME may contain spaces and parentheses.
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return int.TryParse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], out int parent)
                ? parent : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static int ParentOnWindows(int process)
    {
        try
        {
            using var one = Process.GetProcessById(process);
            // A process id may have been reused since the parent ended: a younger process is not the caller.
            return QueryProcess(one.SafeHandle, 0, out BasicInformation basic, Marshal.SizeOf<BasicInformation>(), out _) == 0
                && (int)basic.Parent is var parent && Process.GetProcessById(parent).StartTime <= one.StartTime ? parent : 0;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }

    [LibraryImport("ntdll", EntryPoint = "NtQueryInformationProcess")]
    private static partial int QueryProcess(
        SafeHandle process, int kind, out BasicInformation information, int length, out int returned);

    // PROCESS_BASIC_INFORMATION.
    [StructLayout(LayoutKind.Sequential)]
    private struct BasicInformation
    {
        public nint Status, Block, Affinity, Priority, Process, Parent;
    }
}
