using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>Finds what generated texts copy from the model's training text.</summary>
/// <remarks>Thread safety: immutable; any number of threads.</remarks>
internal sealed class NoveltyCheck
{
    // An id that occurs in no text.
    private const int Nothing = -1;

    private readonly Tokenizer _tokenizer;
    private readonly Vocab _vocab;
    private readonly TokenSource _training;

    /// <summary>Creates a check against a text.</summary>
    /// <param name="model">The model, whose cleaning, tokens and vocab apply.</param>
    /// <param name="corpus">
    /// The text. For the model's own text, recognised by its checksum, the part that was trained on counts; for any other, all of it.
    /// </param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    public NoveltyCheck(ISavedModel model, CorpusText corpus, CancellationToken cancellationToken = default)
    {
        (_tokenizer, _vocab) = (Tokenizer.Create(model.Text.Token), model.Vocab);
        IsTrainingText = corpus.Origin.Sha256 == model.Corpus.Sha256;
        Text = IsTrainingText ? "the training text" : corpus.Origin.Name;
        _training = IsTrainingText
            ? TokenizedText.From(corpus, model.Text, _vocab, (model as Checkpoint)?.Training.Windows ?? default,
                cancellationToken: cancellationToken).Train
            : TokenizedText.From(corpus, model.Text with { MaxTokens = 0, ValidationFraction = 0, TestFraction = 0 }, _vocab,
                cancellationToken: cancellationToken).Train;
    }

    /// <summary>Whether this is the text that the model was trained on last.</summary>
    public bool IsTrainingText { get; }

    /// <summary>The name of the compared text.</summary>
    public string Text { get; }

    /// <summary>Finds what a text copies.</summary>
    /// <param name="generated">The generated text, without the prefix.</param>
    public NoveltyFigures Of(string generated)
    {
        int[] ids = _tokenizer.Encode(generated, _vocab);
        // A word cut by a stop string matches no word of the training text, known or not.
        ids.AsSpan().Replace(Vocab.UnknownId, Nothing);
        var meter = new NoveltyMeter(ids);
        foreach (ReadOnlyMemory<int> block in _training.Blocks())
            meter.Read(block.Span);
        Novelty novelty = meter.Result();
        int begin = _tokenizer.PlaceOf(generated, novelty.LongestBegin),
            end = _tokenizer.PlaceOf(generated, novelty.LongestBegin + novelty.LongestLength);
        string passage = novelty.LongestLength == 0 ? "" : generated[begin..end];
        return new NoveltyFigures(
            ids.Length, novelty.LongestLength, _tokenizer.TokenSeparator.Length == 0 ? passage : passage.TrimEnd(), novelty.CopiedShare);
    }
}

/// <summary>What a generated text copies from the training text.</summary>
/// <param name="Tokens">Number of its tokens.</param>
/// <param name="LongestLength">Tokens of its longest copied passage.</param>
/// <param name="LongestPassage">That passage; empty if there is none.</param>
/// <param name="CopiedShare">
/// The copied share of its passages of <see cref="Novelty.GramLength"/> tokens, 0 to 1; null if it is shorter than one passage.
/// </param>
internal sealed record NoveltyFigures(int Tokens, int LongestLength, string LongestPassage, double? CopiedShare);
