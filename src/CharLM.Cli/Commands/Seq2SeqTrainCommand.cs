using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq train</c>.</summary>
internal sealed class Seq2SeqTrainCommand : PairTrainVerb
{
    private static readonly TranslatorConfig Defaults = new();

    private readonly Option<SourceAttention?> _attention = OptionOf.Choice<SourceAttention>(
        "--attention", "How the decoder attends to the source. [default: additive; none with --source label]");
    private readonly Option<SourceKind?> _source = OptionOf.Choice<SourceKind>(
        "--source", "What the first column holds: a text to transform, or a label that steers the output. [default: text]");
    private readonly Option<int?> _maxSource = OptionOf.Integer(
        "--max-source", "N", $"Longest source, in characters. [default: {Defaults.MaxSource}]");
    private readonly Option<int?> _maxTarget = OptionOf.Integer(
        "--max-target", "N", $"Longest target, in characters. [default: {Defaults.MaxTarget}]");
    private readonly Option<double?> _teacherForcing = OptionOf.Number(
        "--teacher-forcing", "P",
            "Teacher forcing in the first epoch: probability of feeding the decoder the true previous character, not "
                + "its own. [default: 1]");
    private readonly Option<double?> _teacherForcingEnd = OptionOf.Number(
        "--teacher-forcing-end", "P", "Teacher forcing in the last epoch, reached linearly. [default: that of --teacher-forcing]");

    public Seq2SeqTrainCommand()
        : base("Train an encoder-decoder on pairs of texts.", RunKind.Translator)
    {
        this.Add(HelpGroup.Model, _attention, _source, _maxSource, _maxTarget, _teacherForcing, _teacherForcingEnd);
        AddShared();
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--data", "--validation", "--cell", "--layers", "--hidden", "--attention", "--epochs", "--lr", "--batch-size", "--patience",
        "--checkpoint", "--resume", "--run-dir", "--out", "--device",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm seq2seq train --data dates.tsv", "train on lines of source, tab, target"),
        ("charlm seq2seq train --data dates.tsv --validation test.tsv --patience 5", "stop when held-out pairs no longer improve"),
        ("charlm seq2seq train --data names.tsv --source label", "generate names of a given kind"),
    ];

    protected override PairConfig ApplyModel(ParseResult parse, PairConfig under) => Apply(parse, (TranslatorConfig)under);

    private TranslatorConfig Apply(ParseResult parse, TranslatorConfig under)
    {
        SourceKind source = parse.GetValue(_source) ?? under.Source;
        double forcing = parse.GetValue(_teacherForcing) ?? under.TeacherForcing;
        return under with
        {
            Model = Network.Apply(parse, under.Model, Runtime.OnCpu(parse)),
            Source = source,
            Attention = parse.GetValue(_attention) ?? (source == SourceKind.Label ? SourceAttention.None : under.Attention),
            MaxSource = parse.GetValue(_maxSource) ?? under.MaxSource,
            MaxTarget = parse.GetValue(_maxTarget) ?? under.MaxTarget,
            TeacherForcing = forcing,
            // Follows --teacher-forcing unless a file gives the two different values.
            TeacherForcingEnd = parse.GetValue(_teacherForcingEnd)
                ?? (under.TeacherForcingEnd == under.TeacherForcing ? forcing : under.TeacherForcingEnd),
        };
    }
}
