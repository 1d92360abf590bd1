using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>The configuration of an encoder-decoder and its teacher forcing.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TranslatorConfig : PairConfig
{
    /// <summary>The upper bound of the length limits, in characters.</summary>
    public const int LongestSequence = 65536;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => ModelKind.Translator;

    /// <summary>
    /// The recurrent layers: the encoder may be bidirectional; the decoder has the same cell, layers and hidden units and reads forwards.
    /// Default a bidirectional GRU with 128 hidden units.
    /// </summary>
    public override ModelConfig Model { get; init; } = new() { NumHiddens = 128, Bidirectional = true };

    /// <summary>What the decoder sees of the source besides the encoder's final state; default additive attention.</summary>
    public SourceAttention Attention { get; init; } = SourceAttention.Additive;

    /// <summary>What a source is; default a text.</summary>
    public SourceKind Source { get; init; } = SourceKind.Text;

    /// <summary>Maximum characters of a source, 1 to 65,536; default 256.</summary>
    public int MaxSource { get; init; } = 256;

    /// <summary>Maximum characters of a target, 1 to 65,536; default 256.</summary>
    public int MaxTarget { get; init; } = 256;

    /// <summary>
    /// The probability, at the start of training, that the decoder gets the true previous character instead of its own, 0 to 1; default 1
    /// (Williams and Zipser 1989).
    /// </summary>
    public double TeacherForcing { get; init; } = 1;

    /// <summary>The same at the end of training; it changes linearly (scheduled sampling, Bengio et al. 2015); default 1.</summary>
    public double TeacherForcingEnd { get; init; } = 1;

    /// <summary>The score function of the attention; null without attention.</summary>
    [JsonIgnore]
    public AttentionKind? AttentionKind => Attention switch
    {
        SourceAttention.Additive => Models.Attention.AttentionKind.Additive,
        SourceAttention.Dot => Models.Attention.AttentionKind.Dot,
        _ => null,
    };

    // The probability of teacher forcing depends on the fraction of training done.
    internal override string? WhatSpansAllEpochs => TeacherForcing == TeacherForcingEnd ? null : "teacher forcing goes";

    /// <inheritdoc/>
    public override IEnumerable<string> Errors()
    {
        foreach (string error in SequenceEncoder.Errors(Model))
            yield return error;
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
    internal override PairVocab VocabOf(IReadOnlyList<TextPair> pairs) => TranslatorVocab.Of(Source, pairs);

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, long[]> Shapes(Vocab source, Vocab target) =>
        target[TranslatorVocab.Begin] == Vocab.UnknownId || target[TranslatorVocab.End] == Vocab.UnknownId
            ? throw new FormatException($"has no {TranslatorVocab.Begin} or {TranslatorVocab.End} in its vocab")
            : Translator.Shapes(this, source.Count, target.Count);

    /// <inheritdoc/>
    internal override TrainedModel Build(Vocab source, Vocab target, int threads, PairCheckpoint? start) =>
        new TrainedTranslator(
            new Translator(this, source.Count, target.Count, threads), new TranslatorVocab(Source, source, target), start);
}

/// <summary>The kind of source in a pair.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceKind
{
    /// <summary>A text, read character by character: N to M.</summary>
    Text,

    /// <summary>A label, such as an author, that conditions the target: 1 to N.</summary>
    Label,
}
