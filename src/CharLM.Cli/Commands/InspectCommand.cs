using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Inspection;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm inspect</c>.</summary>
internal sealed class InspectCommand : Verb
{
    private const int WidestVocab = 100;
    private const string DefaultPage = "activations.html";

    private readonly Argument<string?> _file = new("model")
    {
        HelpName = "model",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The model: its file, or a run directory. [default: as --checkpoint]",
    };
    private readonly SavedModelOptions _model = new();
    private readonly Option<string?> _activations = OptionOf.Text(
        "--activations", "TEXT",
            "Write a page that colors this text by the value of any hidden unit or gate, and ranks units by how well they track lines, "
                + "quotes and words. [default: none]");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", $"File for that page. [default: {DefaultPage}]");
    private readonly Option<bool> _json = OptionOf.Json();

    public InspectCommand()
        : base("inspect", "Show what a model is made of, how it was trained, and how good it is.")
    {
        Add(_file);
        _model.AddTo(this);
        foreach (Option option in new Option[] { _activations, _out, _json })
            Add(option);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm inspect", "the model that was trained last"),
        ("charlm inspect runs/mine --json", "the best model of a run, as JSON"),
        ("charlm inspect --activations \"The time traveller\"", "the values of its hidden units on a text"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string? file = parse.GetValue(_file);
        if (file is not null && _model.Named(parse) is not null)
            throw new InvalidConfigException(["name the model in one place: after inspect, or with --checkpoint"]);
        string path = file is null ? _model.Path(parse) : SavedModelOptions.FileOf(file);
        ISavedModel saved = ModelFile.Read(path);
        if (parse.GetValue(_activations) is { } text)
            return Task.FromResult(WritePage(parse, path, saved, text, cancellationToken));
        if (parse.GetValue(_out) is not null)
            throw new InvalidConfigException(["out is for the page of --activations: give its text, too"]);
        var parts = ModelParts.Of(saved);
        if (parse.GetValue(_json))
            parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(Json(path, saved, parts)));
        else
            Print(parse.InvocationConfiguration.Output, path, saved, parts);
        return Task.FromResult(ExitCode.Done);
    }

    private int WritePage(ParseResult parse, string path, ISavedModel saved, string text, CancellationToken cancellationToken)
    {
        if (saved is not Checkpoint checkpoint)
            throw new InvalidConfigException([$"activations need a recurrent network; {path} is an n-gram model"]);
        string page = parse.GetValue(_out) ?? DefaultPage;
        OutputFile.Probe(page);
        var tokenizer = Tokenizer.Create(saved.Text.Token);
        int[] ids = tokenizer.Encode(
            TextCleaner.Clean(tokenizer.FromText(text), saved.Text.Cleaning, tokenizer.LineSeparator), saved.Vocab);
        if (ids.Length > 0 && ids.All(id => id == Vocab.UnknownId))
            throw new InvalidConfigException(
                [$"vocab mismatch: none of the text's {ids.Length} tokens is in the model's vocab of {saved.Vocab.Count}"]);
        if (saved.Text.EndIdIn(saved.Vocab) is { } endId)
            ids = [endId, .. ids];
        ActivationTrace trace = ActivationTrace.Of(checkpoint, ids, cancellationToken);
        string html = ActivationPage.Render(trace, $"{Path.GetFileName(path)}: {ModelParts.Of(saved).Kind}");
        OutputFile.Write(page, writer => writer.Write(html));
        TextWriter output = parse.InvocationConfiguration.Output;
        output.WriteLine(parse.GetValue(_json)
            ? JsonOutput.Line(new
            {
                Page = page,
                Tokens = ids.Length,
                Series = trace.Series.Select(series => new { series.Name, series.Units }),
            })
            : $"{page}: {Figure.Count(ids.Length)} tokens, {Figure.Count(trace.Series.Sum(series => series.Units))} units and gates; open "
                + "it in a browser");
        return ExitCode.Done;
    }

    private static void Print(TextWriter output, string path, ISavedModel saved, ModelParts parts)
    {
        output.WriteLine($"{Printable.Text(path)}: {parts.Kind}, {Figure.Bytes(new FileInfo(path).Length)}");
        output.WriteLine();
        foreach (ModelPart part in parts.Parts)
            output.WriteLine($"  {part.Name,-28}{$"[{string.Join(", ", part.Shape)}]",-20}{Figure.Count(part.Count),12}");
        output.WriteLine($"  {"total",-48}{Figure.Count(parts.Count),12}  ({Figure.Bytes(4 * parts.Count)})");
        output.WriteLine();
        string vocab = string.Join(' ', saved.Vocab.Tokens.Select(token => token == " " ? "' '" : Printable.Text(token)));
        output.WriteLine($"vocab     {Figure.Count(saved.Vocab.Count)}: {Printable.Text(vocab, WidestVocab)}");
        output.WriteLine($"corpus    {Printable.Text(saved.Corpus.Name)}, SHA-256 {Printable.Text(saved.Corpus.Sha256)}");
        output.WriteLine($"trained   {saved.Progress.Epochs} epoch{(saved.Progress.Epochs == 1 ? "" : "s")} in "
            + $"{Figure.Duration(saved.Progress.TrainedSeconds)}");
        output.WriteLine($"reached   {Reached(saved.Progress)}");
        if (saved is Checkpoint { Model.LeakLabel: { } leak })
            output.WriteLine($"warning   {leak}");
        output.WriteLine();
        output.Write(parts.Settings);
    }

    private static string Reached(TrainingProgress figures)
    {
        string train = figures.TrainPerplexity is { } perplexity ? $"train perplexity {Figure.Perplexity(perplexity)}"
            : "no train perplexity";
        string heldOut = figures.HeldOutPerplexity is { } last ? $", held-out {Figure.Perplexity(last)}" : "";
        string best = figures is { BestHeldOutPerplexity: { } lowest, BestEpoch: { } epoch }
            ? $" (best {Figure.Perplexity(lowest)} after epoch {epoch})" : "";
        return train + heldOut + best;
    }

    private static object Json(string path, ISavedModel saved, ModelParts parts) => new
    {
        File = path,
        new FileInfo(path).Length,
        parts.Kind,
        Parameters = parts.Count,
        Weights = parts.Parts.Select(part => new { part.Name, part.Shape, part.Count }),
        (saved as Checkpoint)?.Model,
        saved.Text,
        (saved as Checkpoint)?.Training,
        Order = (saved as NGramCheckpoint)?.Model.Order,
        Discounts = saved is NGramCheckpoint { Model: { Laplace: null } counted } ? counted.Discounts : null,
        Epsilon = (saved as NGramCheckpoint)?.Model.Laplace,
        VocabSize = saved.Vocab.Count,
        Vocab = saved.Vocab.Tokens,
        saved.Corpus,
        saved.Progress,
    };
}
