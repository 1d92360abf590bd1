using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="TextConfig"/>.</summary>
/// <param name="under">The verb's defaults; null for those of <see cref="TextConfig"/>.</param>
internal sealed class TextOptions(TextConfig? under = null)
{
    private readonly Option<string?> _encoding = Encoding();
    private readonly Option<Cleaning?> _cleaning = OptionOf.Choice<Cleaning>(
        "--cleaning", "How to clean the text: d2l keeps only a to z and single spaces, as Dive into Deep Learning does (d2l-v1: as its "
            + "v1.0 does); lower changes all letters to lower case; none changes nothing. [default: d2l]");
    private readonly Option<TokenKind?> _token = OptionOf.Choice<TokenKind>(
        "--token", "Split the text into characters, words or bytes; bytes read any file unchanged. [default: char]");
    private readonly Option<DocumentKind?> _documents = OptionOf.Choice<DocumentKind>(
        "--documents", "Read each line, paragraph (between blank lines) or file as a separate document: the model starts afresh at "
            + "each, and learns where documents end. [default: none]");
    private readonly Option<int?> _minFreq = OptionOf.Integer(
        "--min-freq", "N", "Replace tokens that occur fewer than N times by <unk>. [default: 0]");
    private readonly Option<int?> _maxTokens = OptionOf.Integer(
        "--max-tokens", "N", $"Use only the first N tokens of the text; 0 uses all. [default: {(under ?? new TextConfig()).MaxTokens}]");
    private readonly Option<double?> _validationFraction = OptionOf.Number(
        "--validation-fraction", "F",
            "Hold out this last part of the text from training and report its perplexity, 0 to 0.9. [default: "
                + $"{(under ?? new TextConfig()).ValidationFraction}]");

    private readonly Option<double?> _testFraction = OptionOf.Number(
        "--test-fraction", "F",
            "Keep this last part of the text, 0 to 0.9, to measure the best model once at the end. [default: "
                + $"{(under ?? new TextConfig()).TestFraction}]");

    /// <summary>The option for the texts' encoding, for verbs without the other text options.</summary>
    public static Option<string?> Encoding()
    {
        Option<string?> encoding = OptionOf.Text(
            "--encoding", "NAME",
                "The encoding of texts without a byte order mark, such as gb18030, shift-jis, latin-1 or utf-16. [default: utf-8]");
        encoding.CompletionSources.Add(TextEncoding.Common);
        return encoding;
    }

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="splits">Whether the verb also splits the text.</param>
    public void AddTo(Command command, bool splits)
    {
        command.Add(HelpGroup.Text, _encoding, _cleaning, _token, _documents, _minFreq);
        if (splits)
            command.Add(HelpGroup.Text, _maxTokens, _validationFraction, _testFraction);
    }

    /// <summary>A configuration with the given options over a base.</summary>
    public TextConfig Apply(ParseResult parse, TextConfig under) => under with
    {
        Encoding = parse.GetValue(_encoding) ?? under.Encoding,
        Cleaning = parse.GetValue(_cleaning) ?? (parse.GetValue(_token) == TokenKind.Byte ? Cleaning.None : under.Cleaning),
        Token = parse.GetValue(_token) ?? under.Token,
        Documents = parse.GetValue(_documents) ?? under.Documents,
        MinFreq = parse.GetValue(_minFreq) ?? under.MinFreq,
        MaxTokens = parse.GetValue(_maxTokens) ?? under.MaxTokens,
        ValidationFraction = parse.GetValue(_validationFraction) ?? under.ValidationFraction,
        TestFraction = parse.GetValue(_testFraction) ?? under.TestFraction,
    };
}
