using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.PyTorch;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm import</c>.</summary>
internal sealed class ImportCommand : Verb
{
    private readonly Argument<string?> _file = new("model")
    {
        HelpName = "model",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A state dict saved by torch.save (.pt, .pth; no code in it is run) or safetensors; cell and sizes follow from its "
            + "weights. [required]",
    };
    private readonly Option<string?> _from = OptionOf.Text("--from-pytorch", "FILE", "Name the file here instead. [default: none]");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "File for the imported model.");
    private readonly Option<string?> _vocab = OptionOf.Text(
        "--vocab", "FILE", "File with the tokens in order of their ids, a JSON list that begins with \"<unk>\". [default: the vocab that "
            + "charlm export wrote into the model's file]");
    private readonly Option<string[]?> _corpus = OptionOf.Texts(
        "--corpus", "TEXT", "Make the vocab from this text instead, as charlm train does; repeat it for several. [default: none]");
    private readonly TextOptions _text = new();
    private readonly Option<string?> _key = OptionOf.Text(
        "--key", "NAME", "Key of the state dict in a .pt file that holds more than one. [default: the only one, or state_dict, "
            + "model_state_dict, model]");
    private readonly Option<string?> _rnn = OptionOf.Text(
        "--rnn-module", "NAME", "Module of the recurrent layers, such as lstm; . is the root. [default: the one with a weight_ih_l0]");
    private readonly Option<string?> _linear = OptionOf.Text(
        "--linear-module", "NAME", "Module of the output layer, such as fc. [default: the one with a weight and a bias]");
    private readonly Option<string?> _embedding = OptionOf.Text(
        "--embedding-module", "NAME", "Module of the embedding. [default: the one with a weight and no bias, if any]");
    private readonly Option<RnnActivation?> _activation = OptionOf.Choice<RnnActivation>(
        "--activation", "Activation of a plain RNN, which the weights do not show. [default: tanh]");
    private readonly Option<bool> _allowLeak = new("--allow-leak")
    {
        Description = "Accept a bidirectional model, which sees the characters it predicts.",
    };
    private readonly Option<bool> _json = OptionOf.Json();

    public ImportCommand()
        : base("import", "Import a language model that was trained with PyTorch.")
    {
        _out.Required = true;
        Add(_file);
        foreach (Option option in new Option[] { _from, _out, _vocab, _corpus })
            Add(option);
        _text.AddTo(this, splits: false);
        foreach (Option option in new Option[] { _key, _rnn, _linear, _embedding, _activation, _allowLeak, _json })
            Add(option);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string path = parse.GetRequiredValue(_out)!;
        string from = (parse.GetValue(_file), parse.GetValue(_from)) switch
        {
            ({ Length: > 0 } file, null) => file,
            (null, { } file) => file,
            (null, null) => throw new InvalidConfigException(["import needs a model: a .pt, .pth or .safetensors file"]),
            ("", null) => throw new InvalidConfigException(["the name of the model is empty"]),
            _ => throw new InvalidConfigException(["the model was named twice: give a file or --from-pytorch, not both"]),
        };
        OutputFile.Probe(path);
        ImportConfig config = await ConfigureAsync(parse, cancellationToken);
        Checkpoint checkpoint = StateDictFile.Import(from, config);
        checkpoint = checkpoint with { Text = _text.Apply(parse, checkpoint.Text) };
        checkpoint.Text.Validate();
        InvalidConfigException.ThrowIfAny(Tokenizer.Create(checkpoint.Text.Token).ErrorOf(checkpoint.Vocab) is { } error ? [error] : []);
        _ = checkpoint.Text.EndIdIn(checkpoint.Vocab);
        CheckpointFile.Write(path, checkpoint);
        PrintResult(parse, path, checkpoint);
        return ExitCode.Done;
    }

    private async Task<ImportConfig> ConfigureAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var config = new ImportConfig
        {
            Key = parse.GetValue(_key),
            RecurrentModule = parse.GetValue(_rnn),
            OutputModule = parse.GetValue(_linear),
            EmbeddingModule = parse.GetValue(_embedding),
            RnnActivation = parse.GetValue(_activation),
            AllowLeak = parse.GetValue(_allowLeak),
        };
        (string? vocab, string[] corpus) = (parse.GetValue(_vocab), parse.GetValue(_corpus) ?? []);
        if (vocab is not null && corpus.Length > 0)
            throw new InvalidConfigException(["the vocab comes from one place: give --vocab or --corpus, not both"]);
        if (vocab is not null)
            return config with { Vocab = VocabFile.Read(vocab) };
        if (corpus.Length == 0)
            return config;
        TextConfig text = _text.Apply(parse, new TextConfig());
        text.Validate();
        CorpusText read = await CorpusOptions.ReadAsync(parse, CorpusOptions.NamesOf(corpus), text.ReadAs, null, cancellationToken);
        CorpusOptions.TellOfReturns(parse, read, text, cancellationToken);
        return config with
        {
            Text = text,
            Vocab = EncodedText.CountOf(read, text, cancellationToken).VocabOf(text.MinFreq),
            Corpus = new CorpusRecord(read.Origin.Name, read.Origin.Sha256),
        };
    }

    private void PrintResult(ParseResult parse, string path, Checkpoint checkpoint)
    {
        ModelConfig model = checkpoint.Model;
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Checkpoint = path,
                Cell = model.CellName,
                Layers = model.NumLayers,
                Hidden = model.NumHiddens,
                Embedding = model.EmbeddingSize,
                model.Bidirectional,
                VocabSize = checkpoint.Vocab.Count,
                Parameters = checkpoint.NumParameters,
                Leak = model.LeakLabel,
            }));
            return;
        }
        output.WriteLine($"{path}: {model.CellName}, {model.NumLayers} x {model.NumHiddens} hidden units, vocab "
            + $"{checkpoint.Vocab.Count}, {Figure.Count(checkpoint.NumParameters)} parameters");
        if (model.LeakLabel is { } label)
            output.WriteLine(label);
    }
}
