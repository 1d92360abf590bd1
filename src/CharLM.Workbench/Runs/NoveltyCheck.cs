using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>Tells what generated texts copy from the text that their model was trained on.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class NoveltyCheck
{
    // An id that no text has.
    private const int Nothing = -1;

    private readonly Tokenizer _tokenizer;
    private readonly Vocab _vocab;
    private readonly TokenSource _training;

    /// <summary>A check against a text.</summary>
    /// <param name="model">Whose cleaning, tokens and vocab are used.</param>
    /// <param name="corpus">
    /// The text. Of the model's own, the part that was trained on counts; of any other, told by its checksum, all of it.
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

    /// <summary>Whether the text is the one that the model was trained on last.</summary>
    public bool IsTrainingText { get; }

    /// <summary>What is compared with, in words.</summary>
    public string Text { get; }

    /// <summary>What a text copies.</summary>
    /// <param name="generated">What the model wrote, without what it continued.</param>
    public NoveltyFigures Of(string generated)
    {
        int[] ids = _tokenizer.Encode(generated, _vocab);
        // A word that a stop string has cut is none that the training text has, known or not.
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

/// <summary>What a generated text copies from a training text.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="LongestLength">Tokens of the longest passage of it that stands in the training text.</param>
/// <param name="LongestPassage">That passage; empty when there is none.</param>
/// <param name="CopiedShare">
/// The share of its passages of <see cref="Novelty.GramLength"/> tokens that stand there, 0 to 1; null when it is shorter than one.
/// </param>
internal sealed record NoveltyFigures(int Tokens, int LongestLength, string LongestPassage, double? CopiedShare);
