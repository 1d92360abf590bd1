using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Generation;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="GenerationConfig"/>.</summary>
internal sealed class GenerationOptions
{
    private readonly Option<int?> _length = OptionOf.Integer(
        "--length", "N", "Tokens to generate at most: characters, or words with a word model. [default: 200]");
    private readonly Option<double?> _temperature = OptionOf.Number(
        "--temperature", "T",
            "Randomness: 0 always takes the most probable token, 1 follows the model's probabilities, more is wilder. [default: 0, or 0.8 "
                + "for models of your own texts; 1 with --top-k, --top-p, --min-p or several --samples]");
    private readonly Option<int?> _topK = OptionOf.Integer("--top-k", "N", "Sample from the N most probable tokens only. [default: all]");
    private readonly Option<double?> _topP = OptionOf.Number(
        "--top-p", "P", "Sample from the fewest tokens whose probabilities add up to P, above 0 to 1. [default: 1]");
    private readonly Option<double?> _minP = OptionOf.Number(
        "--min-p", "P", "Sample only from tokens at least P times as probable as the most probable one, above 0 to 1. [default: none]");
    private readonly Option<double?> _repetitionPenalty = OptionOf.Number(
        "--repetition-penalty", "X", "Make recent tokens less probable; above 1, and 1.2 is common. [default: off]");
    private readonly Option<int?> _repetitionWindow = OptionOf.Integer(
        "--repetition-window", "N",
            "How many recent tokens --repetition-penalty counts; 0 counts all. [default: "
                + $"{SamplingStep.RepetitionPenalty.DefaultWindow}]").In(HelpGroup.Rare);
    private readonly Option<int?> _beam = OptionOf.Integer(
        "--beam", "N", "Search for the most probable text instead of sampling, keeping N candidates. [default: off]");
    private readonly Option<double?> _lengthPenalty = OptionOf.Number(
        "--length-penalty", "X", "With --beam: rank candidates by ln p / length^X. [default: 0.75]").In(HelpGroup.Rare);
    private readonly Option<string[]?> _stop = OptionOf.Texts(
        "--stop", "TEXT", "Stop before this text would appear; repeat it for several. [default: none]");
    private readonly Option<int?> _samples = OptionOf.Integer(
        "--samples", "N", "Number of texts to generate; with --beam the N best. [default: 1]");
    private readonly Option<string?> _constrain = OptionOf.Text(
        "--constrain", "REGEX", "Generate only text that matches this regular expression as a whole. [default: none]").In(HelpGroup.Rare);
    private readonly Option<long?> _seed = OptionOf.Long("--seed", "N", "Seed of the sampling. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(
            HelpGroup.Options, _length, _temperature, _topK, _topP, _minP, _repetitionPenalty, _repetitionWindow, _beam, _lengthPenalty,
                _stop, _samples, _constrain, _seed);
    }

    /// <summary>The configuration that the user asked for.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="errors">Receives the errors.</param>
    public GenerationConfig Apply(ParseResult parse, List<string> errors)
    {
        List<SamplingStep> steps = Steps(parse);
        if (parse.GetValue(_repetitionWindow) is { } window && parse.GetValue(_repetitionPenalty) is null)
            errors.Add($"repetition-window must come with repetition-penalty: {window} has no meaning alone");
        if (parse.GetValue(_lengthPenalty) is { } penalty && parse.GetValue(_beam) is null)
            errors.Add($"length-penalty must come with beam: {penalty} has no meaning alone");
        // Temperature 0 is greedy and no sampling step; the option allows it.
        if (parse.GetValue(_temperature) is < 0 and var negative)
            errors.Add($"temperature must be 0 or more, not {negative}");
        string[] wrong = [.. Sampling.Errors(steps)];
        var under = new GenerationConfig();
        GenerationConfig config = under with
        {
            Length = parse.GetValue(_length) ?? under.Length,
            Sampling = wrong.Length == 0 ? Sampling.Of(steps) : under.Sampling,
            Seed = parse.GetValue(_seed) ?? under.Seed,
            Samples = parse.GetValue(_samples) ?? under.Samples,
            Stops = parse.GetValue(_stop) ?? under.Stops,
            Constraint = parse.GetValue(_constrain),
            Beam = Beam(parse),
        };
        errors.AddRange(wrong);
        errors.AddRange(config.Errors());
        return config;
    }

    /// <summary>Applies the temperature of the model's samples if the user gave none.</summary>
    public GenerationConfig At(double temperature, ParseResult parse, GenerationConfig config) =>
        temperature == 0 || parse.GetValue(_temperature) is not null || config.Beam is not null || !config.Sampling.IsGreedy
            ? config
            : config with { Sampling = Sampling.Of([.. config.Sampling.Steps, new SamplingStep.Temperature(temperature)]) };

    private BeamConfig? Beam(ParseResult parse)
    {
        var under = new BeamConfig();
        return parse.GetValue(_beam) is { } width
            ? new BeamConfig { Width = width, LengthPenalty = parse.GetValue(_lengthPenalty) ?? under.LengthPenalty } : null;
    }

    private List<SamplingStep> Steps(ParseResult parse)
    {
        var steps = new List<SamplingStep>();
        if (parse.GetValue(_repetitionPenalty) is { } penalty)
            steps.Add(new SamplingStep.RepetitionPenalty(
                penalty, parse.GetValue(_repetitionWindow) ?? SamplingStep.RepetitionPenalty.DefaultWindow));
        if (parse.GetValue(_topK) is { } count)
            steps.Add(new SamplingStep.TopK(count));
        if (parse.GetValue(_topP) is { } mass)
            steps.Add(new SamplingStep.TopP(mass));
        if (parse.GetValue(_minP) is { } fraction)
            steps.Add(new SamplingStep.MinP(fraction));
        bool draws = steps.Exists(step => step is not SamplingStep.RepetitionPenalty)
            || (parse.GetValue(_samples) > 1 && parse.GetValue(_beam) is null);
        if ((parse.GetValue(_temperature) ?? (draws ? 1 : 0)) is var temperature and not 0)
            steps.Add(new SamplingStep.Temperature(temperature < 0 ? 1 : temperature));
        return steps;
    }
}
