using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>What an encoder-decoder is made of, and how it is taught.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TranslatorConfig : PairConfig
{
    /// <summary>The greatest limit of a sequence, in characters.</summary>
    public const int LongestSequence = 65536;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => ModelKind.Translator;

    /// <summary>
    /// The recurrent layers: the encoder may read in both directions, the decoder has the same cell, layers and hidden units
    /// and reads forwards. Default a bidirectional GRU of 128 hidden units.
    /// </summary>
    public override ModelConfig Model { get; init; } = new() { NumHiddens = 128, Bidirectional = true };

    /// <summary>What the decoder sees of the source beyond the encoder's last state; default additive attention.</summary>
    public SourceAttention Attention { get; init; } = SourceAttention.Additive;

    /// <summary>What a source is; default a text.</summary>
    public SourceKind Source { get; init; } = SourceKind.Text;

    /// <summary>Characters of a source at most, 1 to 65,536; default 256.</summary>
    public int MaxSource { get; init; } = 256;

    /// <summary>Characters of a target at most, 1 to 65,536; default 256.</summary>
    public int MaxTarget { get; init; } = 256;

    /// <summary>
    /// The probability that the decoder is given the true character before, not its own, when training begins, 0 to 1; default
    /// 1 (Williams and Zipser 1989).
    /// </summary>
    public double TeacherForcing { get; init; } = 1;

    /// <summary>The same when training ends; between, it changes linearly (scheduled sampling, Bengio et al. 2015); default 1.</summary>
    public double TeacherForcingEnd { get; init; } = 1;

    /// <summary>How well a place of the source fits a step of the target; null without attention.</summary>
    [JsonIgnore]
    public AttentionKind? AttentionKind => Attention switch
    {
        SourceAttention.Additive => Models.Attention.AttentionKind.Additive,
        SourceAttention.Dot => Models.Attention.AttentionKind.Dot,
        _ => null,
    };

    // How often the decoder sees its own characters follows from the part of the training that is done.
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

/// <summary>What the source of a pair is.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceKind
{
    /// <summary>A text, read character by character: N to M.</summary>
    Text,

    /// <summary>A label, such as an author, that steers what is written: 1 to N.</summary>
    Label,
}
