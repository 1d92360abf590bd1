using System.CommandLine;
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
        "--label-of", "What gets a label: the text, or each of its characters (the second column is then as long as the first). [default: "
            + "text]");
    private readonly Option<Pooling?> _pooling = OptionOf.Choice<Pooling>(
        "--pooling", "How the states of a text become one vector. [default: last]");
    private readonly Option<int?> _maxLength = OptionOf.Integer(
        "--max-length", "N", $"Characters of a text at most. [default: {Defaults.MaxLength}]");

    public ClassifyTrainCommand()
        : base("Train a classifier on labelled texts.", RunKind.Classifier)
    {
        foreach (Option option in new Option[] { _labelOf, _pooling, _maxLength })
            Add(option);
        AddShared();
    }

    protected override PairConfig ApplyModel(ParseResult parse, PairConfig under) => Apply(parse, (ClassifierConfig)under);

    private ClassifierConfig Apply(ParseResult parse, ClassifierConfig under) => under with
    {
        Model = Network.Apply(parse, under.Model, Runtime.OnCpu(parse)),
        LabelOf = parse.GetValue(_labelOf) ?? under.LabelOf,
        Pooling = parse.GetValue(_pooling) ?? under.Pooling,
        MaxLength = parse.GetValue(_maxLength) ?? under.MaxLength,
    };
}
