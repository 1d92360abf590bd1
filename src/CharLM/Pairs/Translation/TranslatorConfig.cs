using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>The configuration of an encoder-decoder and its teacher forcing.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TranslatorConfig : PairConfig
{
    /// <summary>The upper bound of the length limits, in tokens.</summary>
    public const int LongestSequence = 65536;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => ModelKind.Translator;

    /// <summary>
    /// The recurrent layers: the encoder may be bidirectional; the decoder has the same cell and hidden units and reads forwards.
    /// Default a bidirectional GRU with 128 hidden units.
    /// </summary>
    public override ModelConfig Model { get; init; } = new() { NumHiddens = 128, Bidirectional = true };

    /// <summary>
    /// Recurrent layers of the decoder, 1 to 1,000; default null: as many as the encoder has. They begin with the states of the encoder's
    /// last layers; if the decoder has more, its lowest ones all begin with the state of the encoder's first.
    /// </summary>
    public int? DecoderLayers { get; init; }

    /// <summary>
    /// Whether a learned layer turns the encoder's final state into the decoder's first; default true. False passes the state on as it is,
    /// as in the books, for which the encoder must read in one direction.
    /// </summary>
    public bool Bridge { get; init; } = true;

    /// <summary>
    /// Whether the decoder's input also has the final state of the encoder's last layer at every step (Cho et al. 2014); default false: it
    /// only begins with it.
    /// </summary>
    public bool StepContext { get; init; }

    /// <summary>
    /// Whether every target has as many tokens as its source, in the training pairs and in what is written; default false.
    /// </summary>
    public bool EqualLength { get; init; }

    /// <summary>
    /// Whether padding after a target is left out of the training loss; default true. Otherwise it counts as end tokens, an exercise of
    /// the books.
    /// </summary>
    public bool MaskedLoss { get; init; } = true;

    /// <summary>What targets are split into; default null: what sources are.</summary>
    public TokenKind? TargetToken { get; init; }

    /// <summary>The targets, as the model sees them.</summary>
    internal PairTokens TargetTokens => new(TargetToken ?? Token, Cleaning);

    /// <summary>What the decoder sees of the source besides the encoder's final state; default additive attention.</summary>
    public SourceAttention Attention { get; init; } = SourceAttention.Additive;

    /// <summary>
    /// Whether the decoder attends before its step, with the state that precedes it, and reads the context beside its input (Bahdanau et
    /// al. 2015); default false: after it, with the state that follows, for the output (Luong et al. 2015).
    /// </summary>
    public bool AttentionBefore { get; init; }

    /// <summary>What a source is; default a text.</summary>
    public SourceKind Source { get; init; } = SourceKind.Text;

    /// <summary>Maximum tokens of a source, 1 to 65,536; default 256.</summary>
    public int MaxSource { get; init; } = 256;

    /// <summary>Maximum tokens of a target, 1 to 65,536; default 256.</summary>
    public int MaxTarget { get; init; } = 256;

    /// <summary>
    /// The probability, at the start of training, that the decoder gets the true previous token instead of its own, 0 to 1; default 1
    /// (Williams and Zipser 1989).
    /// </summary>
    public double TeacherForcing { get; init; } = 1;

    /// <summary>The same at the end of training; it changes linearly (scheduled sampling, Bengio et al. 2015); default 1.</summary>
    public double TeacherForcingEnd { get; init; } = 1;

    /// <summary>The score function of the attention; null without attention.</summary>
    [JsonIgnore]
    public AttentionKind? AttentionKind => Attention switch
    {
        SourceAttention.Cosine => Models.Attention.AttentionKind.Cosine,
        SourceAttention.General => Models.Attention.AttentionKind.General,
        SourceAttention.Concat => Models.Attention.AttentionKind.Concat,
        SourceAttention.Additive => Models.Attention.AttentionKind.Additive,
        SourceAttention.Dot => Models.Attention.AttentionKind.Dot,
        _ => null,
    };

    // The probability of teacher forcing depends on the fraction of training done.
    internal override string? WhatSpansAllEpochs => TeacherForcing == TeacherForcingEnd ? null : "teacher forcing goes";

    /// <inheritdoc/>
    public override IEnumerable<string> Errors()
    {
        foreach (string error in SequenceEncoder.Errors(Model).Concat(TextErrors()))
            yield return error;
        if (TargetToken is { } token && token != Token)
        {
            foreach (string error in PairTokens.Errors(token, Cleaning.None))
                yield return $"target-{error}";
        }
        if (DecoderLayers is < 1 or > 1000)
            yield return $"decoder-layers must be 1 to 1000, not {DecoderLayers}";
        if (!Bridge && Model.Bidirectional)
            yield return "without a bridge the decoder begins with the encoder's state as it is: take --bidirectional false";
        if (AttentionBefore && Attention == SourceAttention.None)
            yield return "attention-place is for a decoder with attention: give --attention, too";
        if (EncoderAttention is not null && Attention == SourceAttention.None)
            yield return "encoder-attention changes what the decoder attends to: give --attention, too";
        if (EqualLength && Source == SourceKind.Label)
            yield return "equal-length is for sources that are texts: leave it out with --source label";
        if (MaxSource is < 1 or > LongestSequence)
            yield return $"max-source must be 1 to {LongestSequence}, not {MaxSource}";
        if (MaxTarget is < 1 or > LongestSequence)
            yield return $"max-target must be 1 to {LongestSequence}, not {MaxTarget}";
        if (!(TeacherForcing is >= 0 and <= 1))
            yield return $"teacher-forcing must be 0 to 1, not {TeacherForcing}";
        if (!(TeacherForcingEnd is >= 0 and <= 1))
            yield return $"teacher-forcing-end must be 0 to 1, not {TeacherForcingEnd}";
        if (Source == SourceKind.Label && Attention != SourceAttention.None)
            yield return "a label has nothing to attend to: take --attention none with --source label";
    }

    /// <inheritdoc/>
    internal override PairVocab VocabOf(IReadOnlyList<TextPair> pairs) => TranslatorVocab.Of(this, pairs);

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, long[]> Shapes(Vocab source, Vocab target) =>
        target[TranslatorVocab.Begin] == Vocab.UnknownId || target[TranslatorVocab.End] == Vocab.UnknownId
            ? throw new FormatException($"has no {TranslatorVocab.Begin} or {TranslatorVocab.End} in its vocab")
            : Translator.Shapes(this, source.Count, target.Count);

    /// <inheritdoc/>
    internal override TrainedModel Build(Vocab source, Vocab target, int threads, PairCheckpoint? start) =>
        new TrainedTranslator(
            new Translator(this, source.Count, target.Count, threads), new TranslatorVocab(this, source, target), start);
}

/// <summary>The kind of source in a pair.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceKind
{
    /// <summary>A text, read token by token: N to M.</summary>
    Text,

    /// <summary>A label, such as an author, that conditions the target: 1 to N.</summary>
    Label,
}
