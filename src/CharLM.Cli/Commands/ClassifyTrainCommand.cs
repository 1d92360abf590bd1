using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify train</c>.</summary>
internal sealed class ClassifyTrainCommand : PairTrainVerb
{
    private static readonly ClassifierConfig Defaults = new();

    private readonly Option<LabelOf?> _labelOf = OptionOf.Choice<LabelOf>(
        "--label-of", "Label the whole text, or each of its characters; then the second column is as long as the first. [default: text]");
    private readonly Option<Pooling?> _pooling = OptionOf.Choice<Pooling>(
        "--pooling", "How the hidden states of a text become one vector. [default: last]");
    private readonly Option<int?> _maxLength = OptionOf.Integer(
        "--max-length", "N", $"Longest text, in tokens. [default: {Defaults.MaxLength}]");

    public ClassifyTrainCommand()
        : base("Train a classifier on labeled texts.", RunKind.Classifier)
    {
        this.Add(HelpGroup.Model, _labelOf, _pooling, _maxLength);
        AddShared();
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--data", "--validation", "--cell", "--layers", "--hidden", "--label-of", "--epochs", "--lr", "--batch-size", "--patience",
        "--checkpoint", "--resume", "--run-dir", "--out", "--device",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm classify train --data names.tsv", "train on lines of text, tab, label"),
        ("charlm classify train --data names.tsv --validation test.tsv --patience 5", "stop when held-out pairs no longer improve"),
        ("charlm classify train --data tags.tsv --label-of character", "label every character"),
    ];

    protected override PairConfig ApplyModel(ParseResult parse, PairConfig under) => Apply(parse, (ClassifierConfig)under);

    private ClassifierConfig Apply(ParseResult parse, ClassifierConfig under) => under with
    {
        Model = Network.Apply(parse, under.Model, Runtime.OnCpu(parse)),
        LabelOf = parse.GetValue(_labelOf) ?? under.LabelOf,
        Pooling = parse.GetValue(_pooling) ?? under.Pooling,
        MaxLength = parse.GetValue(_maxLength) ?? under.MaxLength,
    };
}
