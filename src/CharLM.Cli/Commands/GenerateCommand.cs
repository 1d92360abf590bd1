using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Runs;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm generate</c>.</summary>
internal sealed class GenerateCommand : Verb
{
    private const int MostNamed = 10;

    private readonly RuntimeOptions _runtime = new();
    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "FILE", $"The model. [default: {RunConfig.DefaultCheckpointPath} when it exists, else the one that ships with charlm]");
    private readonly Option<string?> _prefix = OptionOf.Text("--prefix", "TEXT", "What to continue. [default: time traveller]");
    private readonly Option<int?> _length = OptionOf.Integer("--length", "N", "Tokens (characters, or words for a word model) to add. [default: 200]");
    private readonly Option<double?> _temperature = OptionOf.Number("--temperature", "T", "0 always takes the most probable token; above 0 draws at random, the higher the wilder (1 draws with the model's own probabilities). [default: 0]");
    private readonly Option<long?> _seed = OptionOf.Long("--seed", "N", "Fixes the draws. [default: 0]");
    private readonly Option<bool> _json = OptionOf.Json();

    public GenerateCommand()
        : base("generate", "Continue a text with a trained model.")
    {
        foreach (Option option in new Option[] { _checkpoint, _prefix, _length, _temperature, _seed, _json })
            Add(option);
        _runtime.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string path = parse.GetValue(_checkpoint) ?? DefaultCheckpoint();
        string prefix = parse.GetValue(_prefix) ?? new RunConfig().Prefix;
        int length = parse.GetValue(_length) ?? 200;
        long seed = parse.GetValue(_seed) ?? 0;
        var sampling = Sampling.AtTemperature(parse.GetValue(_temperature) ?? 0);
        InvalidConfigException.ThrowIfAny([.. _runtime.Faults(parse), .. length is < 1 or > 100_000_000 ? [$"length must be 1 to 100000000, not {length}"] : Array.Empty<string>()]);

        Checkpoint checkpoint = CheckpointFile.Read(path);
        Device device = _runtime.Use(parse);
        using LanguageModel model = checkpoint.BuildModel(device: device);
        var generator = new TextGenerator(model, checkpoint.Vocab, Tokenizer.Create(checkpoint.Text.Token));
        if (generator.UnknownIn(prefix) is { Count: > 0 } unknown)
            Warn(parse, unknown, checkpoint.Text);
        IEnumerable<string> pieces = generator.Continue(prefix, length, new TokenSampler(sampling, seed), cancellationToken);
        if (parse.GetValue(_json))
            PrintJson(parse, path, prefix, string.Concat(pieces), seed);
        else
            Stream(parse.InvocationConfiguration.Output, prefix, pieces);
        return Task.FromResult(ExitCode.Done);
    }

    private static void Warn(ParseResult parse, IReadOnlyList<string> unknown, TextConfig text)
    {
        string some = string.Join(", ", unknown.Take(MostNamed).Select(token => $"'{token}'")) + (unknown.Count > MostNamed ? $" and {unknown.Count - MostNamed} more" : "");
        ErrorLine.Write(
            parse.InvocationConfiguration.Error,
            $"warning: the model does not know {some} and reads them as {Vocab.Unknown}; it learned {Choices.NameOf(text.Token)} tokens of a text cleaned as '{Choices.NameOf(text.Cleaning)}'");
    }

    // What was just trained comes first; a fresh clone has the shipped model.
    private static string DefaultCheckpoint() => File.Exists(RunConfig.DefaultCheckpointPath)
        ? RunConfig.DefaultCheckpointPath
        : Path.Combine(AppContext.BaseDirectory, "checkpoints", "time-machine-gru.safetensors");

    private static void Stream(TextWriter output, string prefix, IEnumerable<string> pieces)
    {
        output.Write(prefix);
        foreach (string piece in pieces)
        {
            output.Write(piece);
            output.Flush();
        }
        output.WriteLine();
    }

    private static void PrintJson(ParseResult parse, string path, string prefix, string continuation, long seed) =>
        parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(new
        {
            Checkpoint = path,
            Prefix = prefix,
            Continuation = continuation,
            Text = prefix + continuation,
            Seed = seed,
        }));
}
