using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Corpora;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>Options that compare generated text with the model's training text.</summary>
internal sealed class NoveltyOptions
{
    private readonly Option<bool> _novelty = new("--novelty")
    {
        Description = "Report what the generated text copies from the training text: the longest passage, and the share of all passages of "
            + "8 tokens.",
    };
    private readonly CorpusOptions _corpus = new(byPosition: false, ofModel: "With --novelty, the training text");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(HelpGroup.Options, _novelty);
        _corpus.AddTo(command);
    }

    /// <summary>The errors in them.</summary>
    public IEnumerable<string> Errors(ParseResult parse, bool isInteractive)
    {
        bool compares = parse.GetValue(_novelty);
        if (compares && isInteractive)
            yield return "novelty needs a finished text: leave interactive out";
        if (!compares && _corpus.Named(parse) is not null)
            yield return "corpus names the text that novelty compares with: give --novelty, too";
    }

    /// <summary>Opens the comparison with the training text; null if not requested. Warns if the text is another one.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="model">The generating model.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<NoveltyCheck?> OpenAsync(ParseResult parse, ISavedModel model, CancellationToken cancellationToken)
    {
        if (!parse.GetValue(_novelty))
            return null;
        CorpusText corpus = await _corpus.ReadAsync(parse, encoding: null, model, cancellationToken);
        var check = new NoveltyCheck(model, corpus, cancellationToken);
        // A change in the model's own text has been reported already.
        if (!check.IsTrainingText && _corpus.Named(parse) is not null)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: {corpus.Origin.Name} is not the text that the model was trained on ('{model.Corpus.Name}'; the checksums "
                    + "differ): novelty compares with all of it");
        return check;
    }
}
