using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Pairs;
using CharLM.Tokenization;

namespace CharLM.Cli.Options;

/// <summary>How the texts of pairs are read: the options of <see cref="PairConfig"/> that all models on pairs share.</summary>
internal sealed class PairTextOptions
{
    private readonly Option<TokenKind?> _token = OptionOf.Choice<TokenKind>(
        "--token", "Split texts into characters or words. [default: char]", except: [Choices.NameOf(TokenKind.Byte)]);
    private readonly Option<Cleaning?> _cleaning = OptionOf.Choice<Cleaning>(
        "--cleaning", "How to clean texts: d2l does what Dive into Deep Learning does to pairs, lower case and, with words, marks as "
            + "words of their own; lower changes all letters to lower case. [default: none]");
    private readonly Option<int?> _minFreq = OptionOf.Integer(
        "--min-freq", "N", "Replace tokens of texts that occur fewer than N times in their column by <unk>. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => command.Add(HelpGroup.Text, _token, _cleaning, _minFreq);

    /// <summary>A configuration with the given options over a base.</summary>
    public TConfig Apply<TConfig>(ParseResult parse, TConfig under)
        where TConfig : PairConfig => (TConfig)(under with
        {
            Token = parse.GetValue(_token) ?? under.Token,
            Cleaning = parse.GetValue(_cleaning) ?? under.Cleaning,
            MinFreq = parse.GetValue(_minFreq) ?? under.MinFreq,
        });

    /// <summary>Reads a file of pairs, or a corpus of pairs by its name in the catalog.</summary>
    /// <exception cref="CorpusException">The file is missing, too large or not UTF-8, or the corpus is not to be had.</exception>
    /// <exception cref="PairFileException">A line is not a pair; the message names it.</exception>
    public static async Task<PairFile> ReadAsync(ParseResult parse, string name, CancellationToken cancellationToken)
    {
        if (CorpusOptions.Catalog().Find(name) is null)
            return await PairFile.ReadAsync(name, cancellationToken);
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        CorpusFile file = await CorpusOptions.Store(report).GetAsync(name, cancellationToken);
        return await PairFile.ReadAsync(file.Path, cancellationToken);
    }
}
