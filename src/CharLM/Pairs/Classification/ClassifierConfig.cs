using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Pairs.Classification;

/// <summary>The configuration of a classifier.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record ClassifierConfig : PairConfig
{
    /// <summary>The upper bound of <see cref="MaxLength"/>, in tokens.</summary>
    public const int LongestText = 65536;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => ModelKind.Classifier;

    /// <summary>The recurrent layers, in one direction or both; default a GRU with 128 hidden units.</summary>
    public override ModelConfig Model { get; init; } = new() { NumHiddens = 128 };

    /// <summary>What gets a label; default the text.</summary>
    public LabelOf LabelOf { get; init; } = LabelOf.Text;

    /// <summary>How the states of a text become one vector; default the last. Unused when every character gets a label.</summary>
    public Pooling Pooling { get; init; } = Pooling.Last;

    /// <summary>Maximum tokens of a text, 1 to 65,536; default 1,000.</summary>
    public int MaxLength { get; init; } = 1000;

    /// <inheritdoc/>
    public override IEnumerable<string> Errors()
    {
        foreach (string error in SequenceEncoder.Errors(Model).Concat(TextErrors()))
            yield return error;
        if (MaxLength is < 1 or > LongestText)
            yield return $"max-length must be 1 to {LongestText}, not {MaxLength}";
        if (LabelOf == LabelOf.Character && Pooling != Pooling.Last)
            yield return "pooling is for labels of whole texts: leave it out with --label-of character";
        if (LabelOf == LabelOf.Character && (Token != TokenKind.Char || Cleaning != Cleaning.None))
            yield return "--label-of character labels every character as it is: leave --token and --cleaning out";
    }

    /// <inheritdoc/>
    internal override PairVocab VocabOf(IReadOnlyList<TextPair> pairs) => ClassifierVocab.Of(this, pairs);

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, long[]> Shapes(Vocab source, Vocab target) =>
        target.Count < 2 ? throw new FormatException("has no labels") : Classifier.Shapes(this, source.Count, target.Count - 1);

    /// <inheritdoc/>
    internal override TrainedModel Build(Vocab source, Vocab target, int threads, PairCheckpoint? start) =>
        new TrainedClassifier(
            new Classifier(this, source.Count, target.Count - 1, threads), new ClassifierVocab(this, source, target), start);
}

/// <summary>How the states of a text become one vector.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Pooling
{
    /// <summary>The final state of each direction; with self-attention, the result of the last step.</summary>
    Last,

    /// <summary>The mean of all states.</summary>
    Mean,

    /// <summary>A learned weighted mean: additive attention with a learned query (Yang et al. 2016).</summary>
    Attention,
}

/// <summary>What gets a label.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum LabelOf
{
    /// <summary>The whole text: N to 1.</summary>
    Text,

    /// <summary>Every character, by the character at the same position of the target: N to N.</summary>
    Character,
}
