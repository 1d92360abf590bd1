using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.PyTorch;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm export</c>.</summary>
internal sealed class ExportCommand : Verb
{
    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "MODEL", "The model to export.");
    private readonly Option<string?> _out = OptionOf.Text(
        "--out", "FILE", "File for the weights under PyTorch's names: .pt or .pth for torch.load, or .safetensors.");
    private readonly Option<string?> _vocab = OptionOf.Text(
        "--vocab", "FILE", "Also write the tokens to this file as a JSON list in order of their ids, which Python needs to encode text. "
            + "[default: none]");
    private readonly Option<bool> _json = OptionOf.Json();

    public ExportCommand()
        : base("export", "Write a model's weights for PyTorch, ready for load_state_dict (docs/pytorch.md).")
    {
        _checkpoint.Required = _out.Required = true;
        foreach (Option option in new Option[] { _checkpoint, _out, _vocab, _json })
            Add(option);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        (string from, string path) = (SavedModelOptions.FileOf(parse.GetRequiredValue(_checkpoint)!), parse.GetRequiredValue(_out)!);
        string? vocab = parse.GetValue(_vocab);
        bool forTorch = IsForTorch(path);
        string[] files = [from, path, .. vocab is null ? Array.Empty<string>() : [vocab]];
        if (files.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Count() < files.Length)
            throw new InvalidConfigException([$"checkpoint, out and vocab must be different files: {string.Join(", ", files)}"]);
        OutputFile.Probe(path);
        if (vocab is not null)
            OutputFile.Probe(vocab);
        Checkpoint checkpoint = CheckpointFile.Read(from);
        if (forTorch)
            PyTorchExport.Write(path, StateDict.Of(checkpoint));
        else
            StateDictFile.Export(path, checkpoint);
        if (vocab is not null)
            OutputFile.Write(vocab, writer => writer.WriteLine(StateDict.Of(checkpoint).Metadata["vocab"]));
        parse.InvocationConfiguration.Output.WriteLine(parse.GetValue(_json)
            ? JsonOutput.Line(new
            {
                File = path,
                Tensors = checkpoint.Weights.Count,
                Parameters = checkpoint.NumParameters,
                VocabSize = checkpoint.Vocab.Count,
            })
            : $"{path}: {checkpoint.Weights.Count} tensors, {Figure.Count(checkpoint.NumParameters)} parameters, vocab "
                + $"{checkpoint.Vocab.Count}");
        return Task.FromResult(ExitCode.Done);
    }

    private static bool IsForTorch(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".pt" or ".pth" => true,
        ".safetensors" => false,
        _ => throw new InvalidConfigException(
            [$"out must end in .pt, .pth or .safetensors, which selects the format, not '{Path.GetFileName(path)}'"]),
    };
}
