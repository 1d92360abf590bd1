using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Corpora;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>Whether what is generated is compared with the text that its model was trained on, and where that text lies.</summary>
internal sealed class NoveltyOptions
{
    private readonly Option<bool> _novelty = new("--novelty")
    {
        Description = "Tell what the generated text copies from the training text: the longest passage, and the share of all passages of "
            + "8 tokens.",
    };
    private readonly CorpusOptions _corpus = new(byPosition: false, ofModel: "With --novelty, the training text");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(HelpGroup.Options, _novelty);
        _corpus.AddTo(command);
    }

    /// <summary>What is wrong with them.</summary>
    public IEnumerable<string> Errors(ParseResult parse, bool isInteractive)
    {
        bool compares = parse.GetValue(_novelty);
        if (compares && isInteractive)
            yield return "novelty is told of a text that has ended: leave interactive out";
        if (!compares && _corpus.Named(parse) is not null)
            yield return "corpus names the text that novelty compares with: give --novelty, too";
    }

    /// <summary>What compares with the training text; null when nobody asks. Warns of another text.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="model">The model that writes.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<NoveltyCheck?> OpenAsync(ParseResult parse, ISavedModel model, CancellationToken cancellationToken)
    {
        if (!parse.GetValue(_novelty))
            return null;
        CorpusText corpus = await _corpus.ReadAsync(parse, encoding: null, model, cancellationToken);
        var check = new NoveltyCheck(model, corpus, cancellationToken);
        // A text of the model's own that has changed was told of already.
        if (!check.IsTrainingText && _corpus.Named(parse) is not null)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: {corpus.Origin.Name} is not the text that the model was trained on ('{model.Corpus.Name}'; the checksums "
                    + "differ): novelty compares with all of it");
        return check;
    }
}
