using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq train</c>.</summary>
internal sealed class Seq2SeqTrainCommand : PairTrainVerb
{
    private static readonly TranslatorConfig Defaults = new();

    private readonly Option<string?> _preset = OptionOf.Text(
        "--preset", "NAME|list",
            "Start from a named configuration, which options override; list shows them all. [default: none]").In(HelpGroup.Text);
    private readonly Option<TokenKind?> _targetToken = OptionOf.Choice<TokenKind>(
        "--target-token", "Split targets into characters or words. [default: that of --token]", except: [Choices.NameOf(TokenKind.Byte)]);
    private readonly Option<SourceAttention?> _attention = OptionOf.Choice<SourceAttention>(
        "--attention", "How the decoder attends to the source. [default: additive; none with --source label]");
    private readonly Option<AttentionPlace?> _attentionPlace = OptionOf.Choice<AttentionPlace>(
        "--attention-place", "Attend before the decoder's step, for its input, or after it, for its output. [default: after]");
    private readonly Option<int?> _decoderLayers = OptionOf.Integer(
        "--decoder-layers", "N", "Recurrent layers of the decoder. [default: that of --layers]");
    private readonly Option<bool?> _bridge = OptionOf.Switch(
        "--bridge", "Let a learned layer turn the encoder's final state into the decoder's first. [default: true]");
    private readonly Option<bool?> _stepContext = OptionOf.Switch(
        "--step-context", "Give the decoder the encoder's final state at every step, too. [default: false]");
    private readonly Option<bool?> _equalLength = OptionOf.Switch(
        "--equal-length", "Give every target as many tokens as its source; refuse other pairs. [default: false]");
    private readonly Option<bool?> _maskedLoss = OptionOf.Switch(
        "--masked-loss", "Leave padding after targets out of the training loss. [default: true]").In(HelpGroup.Rare);
    private readonly Option<SourceKind?> _source = OptionOf.Choice<SourceKind>(
        "--source", "What the first column holds: a text to transform, or a label that steers the output. [default: text]");
    private readonly Option<int?> _maxSource = OptionOf.Integer(
        "--max-source", "N", $"Longest source, in tokens. [default: {Defaults.MaxSource}]");
    private readonly Option<int?> _maxTarget = OptionOf.Integer(
        "--max-target", "N", $"Longest target, in tokens. [default: {Defaults.MaxTarget}]");
    private readonly Option<double?> _teacherForcing = OptionOf.Number(
        "--teacher-forcing", "P",
            "Teacher forcing in the first epoch: probability of feeding the decoder the true previous token, not "
                + "its own. [default: 1]");
    private readonly Option<double?> _teacherForcingEnd = OptionOf.Number(
        "--teacher-forcing-end", "P", "Teacher forcing in the last epoch, reached linearly. [default: that of --teacher-forcing]");

    public Seq2SeqTrainCommand()
        : base("Train an encoder-decoder on pairs of texts.", RunKind.Translator)
    {
        _preset.CompletionSources.Add([PresetList.Word, .. RunConfigFile.Seq2SeqPresets]);
        Add(_preset);
        this.Add(HelpGroup.Text, _targetToken);
        Add(_maskedLoss);
        this.Add(
            HelpGroup.Model, _attention, _attentionPlace, _decoderLayers, _bridge, _stepContext, _equalLength, _source, _maxSource,
            _maxTarget, _teacherForcing, _teacherForcingEnd);
        AddShared();
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--data", "--validation", "--preset", "--token", "--cell", "--layers", "--hidden", "--attention", "--epochs", "--lr",
        "--batch-size", "--patience",
        "--checkpoint", "--resume", "--run-dir", "--out", "--device",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm seq2seq train --data dates.tsv", "train on lines of source, tab, target"),
        ("charlm seq2seq train --data dates.tsv --validation test.tsv --patience 5", "stop when held-out pairs no longer improve"),
        ("charlm seq2seq train --data names.tsv --source label", "generate names of a given kind"),
        ("charlm seq2seq train --data fra.tsv --preset d2l-bahdanau", "translate as the book does"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken) =>
        parse.GetValue(_preset) == PresetList.Word
        ? Task.FromResult(PresetList.Print(parse, RunConfigFile.Seq2SeqPresets)) : base.RunAsync(parse, cancellationToken);

    protected override PairRunConfig Preset(ParseResult parse, PairRunConfig under) =>
        parse.GetValue(_preset) is { } preset ? RunConfigFile.ReadPreset(preset, under) : under;

    protected override PairConfig ApplyModel(ParseResult parse, PairConfig under) => Apply(parse, (TranslatorConfig)under);

    private TranslatorConfig Apply(ParseResult parse, TranslatorConfig under)
    {
        SourceKind source = parse.GetValue(_source) ?? under.Source;
        double forcing = parse.GetValue(_teacherForcing) ?? under.TeacherForcing;
        return under with
        {
            Model = Network.Apply(parse, under.Model, Runtime.OnCpu(parse)),
            Source = source,
            AttentionBefore = parse.GetValue(_attentionPlace) is { } place ? place == AttentionPlace.Before
                : parse.GetValue(_attention) != SourceAttention.None && under.AttentionBefore,
            DecoderLayers = parse.GetValue(_decoderLayers) ?? under.DecoderLayers,
            Bridge = parse.GetValue(_bridge) ?? under.Bridge,
            StepContext = parse.GetValue(_stepContext) ?? under.StepContext,
            EqualLength = parse.GetValue(_equalLength) ?? under.EqualLength,
            MaskedLoss = parse.GetValue(_maskedLoss) ?? under.MaskedLoss,
            TargetToken = parse.GetValue(_targetToken) ?? under.TargetToken,
            Attention = parse.GetValue(_attention) ?? (source == SourceKind.Label ? SourceAttention.None : under.Attention),
            MaxSource = parse.GetValue(_maxSource) ?? under.MaxSource,
            MaxTarget = parse.GetValue(_maxTarget) ?? under.MaxTarget,
            TeacherForcing = forcing,
            // Follows --teacher-forcing unless a file gives the two different values.
            TeacherForcingEnd = parse.GetValue(_teacherForcingEnd)
                ?? (under.TeacherForcingEnd == under.TeacherForcing ? forcing : under.TeacherForcingEnd),
        };
    }

    // Where the decoder attends; a name for people, a switch in the configuration.
    private enum AttentionPlace
    {
        Before,
        After,
    }
}
