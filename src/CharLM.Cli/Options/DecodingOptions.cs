using System.CommandLine;
using CharLM.Pairs.Translation;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="DecodingConfig"/>.</summary>
internal sealed class DecodingOptions
{
    private readonly Option<int?> _beam = OptionOf.Integer(
        "--beam", "N", "Candidates that beam search keeps; 1 always takes the most probable character. [default: 1]");
    private readonly Option<double?> _lengthPenalty = OptionOf.Number(
        "--length-penalty", "X", "With --beam: how much to favor long outputs; 0 takes the most probable. [default: 0]");
    private readonly Option<double?> _temperature = OptionOf.Number(
        "--temperature", "T", "Above 0: sample at random; higher values are wilder. [default: 0]");
    private readonly Option<long?> _seed = OptionOf.Long("--seed", "N", "Seed of the sampling. [default: 0]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _beam, _lengthPenalty, _temperature, _seed })
            command.Add(option);
    }

    /// <summary>Errors in what the user typed: options that would change nothing.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="widths">Whether another option gives the beam widths.</param>
    public IEnumerable<string> Errors(ParseResult parse, bool widths = false)
    {
        if (widths && parse.GetValue(_beam) is { } beam)
            yield return $"beams gives the widths already: leave beam {beam} out";
        if (!widths && parse.GetValue(_beam) is null && parse.GetValue(_lengthPenalty) is { } penalty)
            yield return $"length-penalty must come with beam: {penalty} has no meaning alone";
    }

    /// <summary>The configuration that the user asked for.</summary>
    public DecodingConfig Read(ParseResult parse) => new()
    {
        BeamWidth = parse.GetValue(_beam) ?? 1,
        LengthPenalty = parse.GetValue(_lengthPenalty) ?? 0,
        Temperature = parse.GetValue(_temperature) ?? 0,
        Seed = parse.GetValue(_seed) ?? 0,
    };
}
