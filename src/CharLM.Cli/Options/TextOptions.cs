using System.CommandLine;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="TextConfig"/>.</summary>
/// <param name="under">What the verb takes where an option is not given; default the defaults.</param>
internal sealed class TextOptions(TextConfig? under = null)
{
    private readonly Option<Cleaning?> _cleaning = OptionOf.Choice<Cleaning>(
        "--cleaning", "What is done to the text first: d2l keeps a to z and single spaces, line by line, as Dive into Deep Learning does; "
            + "d2l-v1 does so over the whole text; none keeps all. [default: d2l]");
    private readonly Option<TokenKind?> _token = OptionOf.Choice<TokenKind>("--token", "What a token is. [default: char]");
    private readonly Option<int?> _minFreq = OptionOf.Integer(
        "--min-freq", "N", "Tokens that occur less often are read as <unk>. [default: 0]");
    private readonly Option<int?> _maxTokens = OptionOf.Integer(
        "--max-tokens", "N", $"Use the first N tokens of the text; 0 uses all. [default: {(under ?? new TextConfig()).MaxTokens}]");
    private readonly Option<double?> _validationFraction = OptionOf.Number(
        "--validation-fraction", "F",
            "Hold out this last part of the tokens, 0 to 0.9, and report its perplexity beside that of training. [default: "
                + $"{(under ?? new TextConfig()).ValidationFraction}]");

    private readonly Option<double?> _testFraction = OptionOf.Number(
        "--test-fraction", "F",
            "Keep this last part of the tokens, 0 to 0.9, for one measurement at the end, of the best model. [default: "
                + $"{(under ?? new TextConfig()).TestFraction}]");

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="splits">Whether the verb takes parts of the text, too.</param>
    public void AddTo(Command command, bool splits)
    {
        command.Add(_cleaning);
        command.Add(_token);
        command.Add(_minFreq);
        if (!splits)
            return;
        command.Add(_maxTokens);
        command.Add(_validationFraction);
        command.Add(_testFraction);
    }

    /// <summary>A configuration with the given options over a base.</summary>
    public TextConfig Apply(ParseResult parse, TextConfig under) => under with
    {
        Cleaning = parse.GetValue(_cleaning) ?? under.Cleaning,
        Token = parse.GetValue(_token) ?? under.Token,
        MinFreq = parse.GetValue(_minFreq) ?? under.MinFreq,
        MaxTokens = parse.GetValue(_maxTokens) ?? under.MaxTokens,
        ValidationFraction = parse.GetValue(_validationFraction) ?? under.ValidationFraction,
        TestFraction = parse.GetValue(_testFraction) ?? under.TestFraction,
    };
}
