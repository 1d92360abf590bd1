using System.CommandLine;
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
        "--attention", "How the decoder sees the source beyond the encoder's last state. [default: additive; none with --source label]");
    private readonly Option<SourceKind?> _source = OptionOf.Choice<SourceKind>(
        "--source", "What stands before the tab: a text, or a label that steers what is written. [default: text]");
    private readonly Option<int?> _maxSource = OptionOf.Integer(
        "--max-source", "N", $"Characters of a source at most. [default: {Defaults.MaxSource}]");
    private readonly Option<int?> _maxTarget = OptionOf.Integer(
        "--max-target", "N", $"Characters of a target at most. [default: {Defaults.MaxTarget}]");
    private readonly Option<double?> _teacherForcing = OptionOf.Number(
        "--teacher-forcing", "P",
            "Probability that the decoder is given the true character before, not its own, in the beginning. [default: 1]");
    private readonly Option<double?> _teacherForcingEnd = OptionOf.Number(
        "--teacher-forcing-end", "P", "The same in the end; between, it changes linearly. [default: as in the beginning]");

    public Seq2SeqTrainCommand()
        : base("Train an encoder-decoder on pairs of texts.", RunKind.Translator)
    {
        foreach (Option option in new Option[] { _attention, _source, _maxSource, _maxTarget, _teacherForcing, _teacherForcingEnd })
            Add(option);
        AddShared();
    }

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
            // It follows the beginning unless a file lets it differ.
            TeacherForcingEnd = parse.GetValue(_teacherForcingEnd)
                ?? (under.TeacherForcingEnd == under.TeacherForcing ? forcing : under.TeacherForcingEnd),
        };
    }
}
