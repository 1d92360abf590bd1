using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm export</c>.</summary>
internal sealed class ExportCommand : Verb
{
    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "FILE", "The model.");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "Where the safetensors file is written: weights under PyTorch's names, the vocab in its metadata. scripts/pytorch_convert.py makes a .pt file of it.");
    private readonly Option<bool> _json = OptionOf.Json();

    public ExportCommand()
        : base("export", "Write a model's weights for PyTorch: load_state_dict takes them unchanged (docs/pytorch.md).")
    {
        _checkpoint.Required = _out.Required = true;
        foreach (Option option in new Option[] { _checkpoint, _out, _json })
            Add(option);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        (string from, string path) = (SavedModelOptions.FileOf(parse.GetRequiredValue(_checkpoint)!), parse.GetRequiredValue(_out)!);
        if (Path.GetFullPath(from) == Path.GetFullPath(path))
            throw new InvalidConfigException([$"out is the checkpoint itself, {from}: what makes it one would be lost"]);
        Checkpoint checkpoint = CheckpointFile.Read(from);
        StateDictFile.Export(path, checkpoint);
        parse.InvocationConfiguration.Output.WriteLine(parse.GetValue(_json)
            ? JsonOutput.Line(new { File = path, Tensors = checkpoint.Weights.Count, Parameters = checkpoint.NumParameters, VocabSize = checkpoint.Vocab.Count })
            : $"{path}: {checkpoint.Weights.Count} tensors, {Figure.Count(checkpoint.NumParameters)} parameters, vocab {checkpoint.Vocab.Count}");
        return Task.FromResult(ExitCode.Done);
    }
}
