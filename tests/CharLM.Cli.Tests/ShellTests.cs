using System.Text;
using CharLM.Cli.Commands;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Words as shells read them. The rules of cmd and PowerShell are reimplemented here to read words back.</summary>
public sealed class ShellTests
{
    public static TheoryData<string> Words =>
    [
        "plain", "--run-dir", "a b", "", "it's", "say \"hi\"", "100%", "%PATH%", "a%b c", "back\\slash", "C:\\my dir\\", "C:\\my dir\\\\\"",
        "x&y", "a|b>c<d", "^caret", "(1)", "wow!", "$HOME", "`tick`", "naïve 模型", "\u2018quoted\u2019", "a;b", "{x}", "#no", "~", "*", "-a.b",
        "@list", "a,b", "tab\there",
    ];

    [Theory]
    [MemberData(nameof(Words))]
    public void Quote_ForCmd_IsReadBackByThePromptAndTheProgram(string word) =>
        Assert.Equal([word], Program(Prompt(Shell.Quote(ShellKind.Cmd, word))));

    [Theory]
    [MemberData(nameof(Words))]
    public void Quote_ForPowerShell_IsReadBack(string word) => Assert.Equal(word, PowerShell(Shell.Quote(ShellKind.PowerShell, word)));

    [Theory]
    [MemberData(nameof(Words))]
    public async Task Quote_ForPosix_IsReadBackByBash(string word)
    {
        using var sandbox = new Sandbox();
        Assert.Equal(new Outcome(0, $"{word}|", ""), await sandbox.BashAsync($"printf '%s|' {Shell.Quote(ShellKind.Posix, word)}"));
    }

    [Theory]
    [InlineData("Posix", "'/my programs/charlm' train --resume 'my run'")]
    [InlineData("Cmd", "\"/my programs/charlm\" train --resume \"my run\"")]
    [InlineData("PowerShell", "& '/my programs/charlm' train --resume 'my run'")]
    public void Line_WithSpaces_CanBePasted(string shell, string line) =>
        Assert.Equal(line, Shell.Line(Enum.Parse<ShellKind>(shell), ["/my programs/charlm", "train", "--resume", "my run"]));

    [Theory]
    [InlineData("Posix")]
    [InlineData("Cmd")]
    [InlineData("PowerShell")]
    public void Line_OfPlainWords_HasNoQuotes(string shell) => Assert.Equal(
        "charlm train --resume runs/2026-11-28-101112 --threads 2",
        Shell.Line(Enum.Parse<ShellKind>(shell), ["charlm", "train", "--resume", "runs/2026-11-28-101112", "--threads", "2"]));

    // cmd.exe's second phase: a caret outside quotes escapes the next character; no special character may remain, and no %NAME% that could
    // be a variable.
    private static string Prompt(string line)
    {
        var read = new StringBuilder();
        bool inQuotes = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '^' && !inQuotes)
            {
                read.Append(line[++i]);
                continue;
            }
            Assert.False(!inQuotes && "&|<>()".Contains(c), $"{c} of {line} means something");
            Assert.False(c == '%', $"the % of {line} begins a variable");
            if (c == '"')
                inQuotes = !inQuotes;
            read.Append(c);
        }
        return read.ToString();
    }

    // "Parsing C command-line arguments" in Microsoft's documentation.
    private static List<string> Program(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool inQuotes = false, begun = false;
        for (int i = 0; i < line.Length;)
        {
            if (line[i] is ' ' or '\t' && !inQuotes)
            {
                Take();
                i++;
                continue;
            }
            begun = true;
            int backslashes = line[i..].TakeWhile(c => c == '\\').Count();
            i += backslashes;
            if (i < line.Length && line[i] == '"')
            {
                word.Append('\\', backslashes / 2);
                if (backslashes % 2 == 1)
                    word.Append('"');
                else
                    inQuotes = !inQuotes;
                i++;
            }
            else if (backslashes > 0)
            {
                word.Append('\\', backslashes);
            }
            else
            {
                word.Append(line[i++]);
            }
        }
        Take();
        return words;

        void Take()
        {
            if (begun)
                words.Add(word.ToString());
            word.Clear();
            begun = false;
        }
    }

    // about_Quoting_Rules and about_Parsing: a single-quoted string is literal except for doubled quotes, of which there are five kinds; a
    // bare word may contain no special character.
    private static string PowerShell(string word)
    {
        if (word is not ['\'', .., '\''])
        {
            Assert.Matches(@"\A[A-Za-z0-9_./\\:=+-]+\z", word);
            return word;
        }
        var read = new StringBuilder();
        for (int i = 1; i < word.Length - 1; i++)
        {
            if (word[i] is '\'' or '\u2018' or '\u2019' or '\u201a' or '\u201b')
                i++;
            read.Append(word[i]);
        }
        return read.ToString();
    }
}
