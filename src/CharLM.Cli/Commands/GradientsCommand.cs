using System.CommandLine;
using System.Globalization;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Training;
using CharLM.Workbench.Gradients;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm gradients</c>.</summary>
internal sealed class GradientsCommand : Verb
{
    private static readonly CellKind[] Cells = [CellKind.Rnn, CellKind.Gru, CellKind.Lstm];

    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "MODEL", "Measure this model. [default: new models]");
    private readonly Option<string?> _preset = OptionOf.Text(
        "--preset", "NAME|list", "Start from a named configuration, which options override; list shows them all. [default: none]");
    private readonly Option<string?> _config = OptionOf.Text(
        "--config", "FILE", "Start from a configuration in YAML, which options override. [default: none]");
    private readonly CorpusOptions _corpus = new();
    private readonly TextOptions _text = new();
    private readonly ModelOptions _model = new();
    private readonly TrainerOptions _trainer = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<int?> _distance = OptionOf.Integer(
        "--distance", "N", "Steps back in time to follow the gradients. [default: 100]");
    private readonly Option<int?> _rows = OptionOf.Integer(
        "--rows", "N", "Places in the text to average over. [default: 32]");
    private readonly Option<int?> _trainEpochs = OptionOf.Integer(
        "--train-epochs", "N",
            "Train each model for N epochs first, once with each kind of clipping unless --clip-by names one. [default: 0]");
    private readonly PageOption _html = new("gradients.html", "with charts");
    private readonly Option<string?> _csv = OptionOf.Text("--csv", "FILE", "Write every figure to this file. [default: none]");
    private readonly Option<bool> _json = OptionOf.Json();

    public GradientsCommand()
        : base("gradients", "Show how gradients vanish or explode through time, and the spectrum of the recurrent weights.")
    {
        foreach (Option option in new Option[] { _checkpoint, _preset, _config, _distance, _rows, _trainEpochs, _html.Option, _csv })
            Add(option);
        _corpus.AddTo(this);
        _text.AddTo(this, splits: true);
        _model.AddTo(this);
        _trainer.AddTo(this, epochs: false);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--checkpoint", "--preset", "--distance", "--rows", "--train-epochs", "--cell", "--hidden", "--num-steps", "--cleaning",
        "--html", "--csv", "--json",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm gradients", "compare the three cells before training"),
        ("charlm gradients mybook.txt --train-epochs 20 --html", "after 20 epochs, as a page with charts"),
        ("charlm gradients --checkpoint runs/mine", "a model of your own"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        if (parse.GetValue(_preset) == PresetList.Word)
            return PresetList.Print(parse);
        Checkpoint? start = parse.GetValue(_checkpoint) is { } file ? CheckpointFile.Read(SavedModelOptions.FileOf(file)) : null;
        GradientStudy study = Configure(parse, start);
        InvalidConfigException.ThrowIfAny([.. study.Errors(), .. _runtime.Errors(parse)]);
        string? page = _html.FileOf(parse);
        if (parse.GetValue(_csv) is { } table)
            OutputFile.Probe(table);
        CorpusText corpus = await _corpus.ReadAsync(parse, study.Text.ReadAs, start, cancellationToken);
        _runtime.Use(parse);
        TextWriter error = parse.InvocationConfiguration.Error;
        IReadOnlyList<GradientRow> rows = study.Execute(corpus, new Progress(error), cancellationToken);
        var report = new GradientReport(rows, corpus.Origin.Name, study);
        if (parse.GetValue(_csv) is { } csv)
            OutputFile.Write(csv, writer => CsvTable.Write(report.Figures(), writer));
        if (page is not null)
            PageOption.Write(page, report.Page(), error);
        if (parse.GetValue(_json))
        {
            PrintJson(parse, rows, page);
            return ExitCode.Done;
        }
        Print(parse.InvocationConfiguration.Output, rows, study.Distance);
        if (page is not null)
            parse.InvocationConfiguration.Output.WriteLine(PageOption.Describe(page));
        return ExitCode.Done;
    }

    private GradientStudy Configure(ParseResult parse, Checkpoint? start)
    {
        if (start is not null && (parse.GetValue(_preset) ?? parse.GetValue(_config)) is not null)
            throw new InvalidConfigException(["a checkpoint has its own configuration: leave --preset and --config out"]);
        RunConfig under = new();
        if (parse.GetValue(_preset) is { } preset)
            under = RunConfigFile.ReadPreset(preset, under);
        if (parse.GetValue(_config) is { } file)
            under = RunConfigFile.Read(file, under);
        if (start is not null)
            under = under with { Text = start.Text with { Encoding = null }, Model = start.Model, Training = start.Training };
        ModelConfig model = _model.Apply(parse, under.Model, onCpu: _runtime.OnCpu(parse));
        if (start is not null && model with { Implementation = start.Model.Implementation } != start.Model)
            throw new InvalidConfigException(
                ["a checkpoint's model cannot be changed: of the model options, only --implementation applies"]);
        bool isOne = start is not null || _model.NamesCell(parse) || parse.GetValue(_preset) is not null
            || parse.GetValue(_config) is not null;
        int epochs = parse.GetValue(_trainEpochs) ?? 0;
        if (epochs == 0 && _trainer.FirstOfTraining(parse) is { } option)
            throw new InvalidConfigException([$"{option} is for training, and nothing is trained: give --train-epochs, too"]);
        TrainerConfig training = _trainer.Apply(parse, under.Training) with { NumEpochs = Math.Max(1, epochs), Freeze = null };
        // With --clip 0, no kind of clipping has an effect.
        bool anyClipping = epochs > 0 && training.ClipNorm > 0 && !_trainer.NamesClipping(parse) && parse.GetValue(_config) is null;
        return new GradientStudy
        {
            Start = start,
            Text = _text.Apply(parse, under.Text),
            Models = isOne ? [model] : [.. Cells.Select(cell => model with { Cell = cell })],
            Training = training,
            TrainEpochs = epochs,
            Clippings = anyClipping ? [null, .. Enum.GetValues<ClippingKind>().Cast<ClippingKind?>()]
                : [training.ClipNorm > 0 ? training.Clipping : null],
            Distance = parse.GetValue(_distance) ?? 100,
            Rows = parse.GetValue(_rows) ?? 32,
            Threads = _runtime.Threads(parse),
        };
    }

    private static void Print(TextWriter output, IReadOnlyList<GradientRow> rows, int distance)
    {
        int[] places = [.. new[] { 1, 10, 30, distance }.Where(place => place <= distance).Distinct()];
        int name = rows.Max(row => row.Name.Length), curve = rows.SelectMany(row => row.Curves).Max(one => Label(one).Length);
        output.WriteLine($"{"model".PadRight(name)}  "
            + $"{"state".PadRight(curve)}{string.Concat(places.Select(place => $"{$"{place} back",12}"))}{"per step",10}  radius of W_hh");
        foreach (GradientRow row in rows)
        {
            foreach (FlowCurve one in row.Curves)
            {
                string radius = string.Join(
                    ", ", row.Spectra.Where(spectrum => spectrum.Place == $"l{one.Layer}")
                        .Select(spectrum => $"{spectrum.Gate} {spectrum.Radius:0.00}"));
                output.WriteLine($"{row.Name.PadRight(name)}  "
                    + $"{Label(one).PadRight(curve)}{string.Concat(places.Select(place => $"{Number(one.Norms[place - 1]),12}"))}"
                    + $"{Rate(one),10}  {radius}".TrimEnd());
            }
            if (row.Problem is { } problem)
                output.WriteLine($"{row.Name.PadRight(name)}  {problem}");
        }
        foreach (GradientRow row in rows)
        {
            foreach (FlowCurve one in row.Curves.Where(curve => curve.Reach < distance))
                output.WriteLine($"{row.Name}, {Label(one)}: {Reach(one)}");
        }
    }

    private static string Rate(FlowCurve curve) =>
        double.IsNaN(curve.RatePerStep) ? "-"
            : $"x {curve.RatePerStep.ToString("0.000", CultureInfo.InvariantCulture)}{(curve.Reach < curve.Norms.Count ? "*" : "")}";

    private static string Reach(FlowCurve curve) => curve.Reach == 0
        ? $"the gradient is beyond what float32 holds ({Number(FlowCurve.LeastNorm)} to {Number(FlowCurve.GreatestNorm)}) from the first "
            + "step on"
        : $"* float32 holds the gradient for {curve.Reach} steps back ({Number(FlowCurve.LeastNorm)} to {Number(FlowCurve.GreatestNorm)}): "
            + "the factor per step uses only these, and norms beyond are inexact";

    private static string Label(FlowCurve curve) => $"{curve.State} {curve.Layer}";

    private static string Number(double value) => value.ToString("0.00e+00", CultureInfo.InvariantCulture);

    private static void PrintJson(ParseResult parse, IReadOnlyList<GradientRow> rows, string? page) =>
        parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(new
        {
            Page = page,
            Models = rows.Select(row => new
            {
                row.Name,
                Cell = row.Model.CellName,
                Variant = Choices.NameOf(row.Model.Variant),
                Clipping = row.Clipping is { } clipping ? Choices.NameOf(clipping) : "none",
                row.TrainPerplexity,
                row.Problem,
                Gradients = row.Curves.Select(
                    curve => new
                    {
                        curve.Layer,
                        curve.State,
                        RatePerStep = double.IsNaN(curve.RatePerStep) ? null : (double?)curve.RatePerStep,
                        curve.Reach,
                        curve.Norms
                    }),
                Spectra = row.Spectra.Select(
                    spectrum => new
                    {
                        spectrum.Place,
                        spectrum.Gate,
                        spectrum.Radius,
                        Powers = spectrum.Powers.Select(power => new { power.Exponent, power.Norm })
                    }),
            }),
        }));

    private sealed class Progress(TextWriter error) : IProgress<string>
    {
        public void Report(string value) => error.WriteLine(value);
    }
}
