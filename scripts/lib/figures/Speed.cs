using System.Globalization;
using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>Training steps of the fused kernels beside torch.nn, on one thread and on two, by <c>charlm bench</c>.</summary>
internal static class Speed
{
    private sealed record Shape(string Cell, int Rows, int Steps, int Hidden, int Vocab = 28, int Layers = 1)
    {
        public string Name => Cell.ToUpperInvariant() + (Layers > 1 ? $", {Layers} layers" : "");

        public string[] Words =>
        [
            "--cell", Cell, .. Options(
                ("--batch-size", Rows), ("--num-steps", Steps), ("--hidden", Hidden), ("--vocab", Vocab), ("--layers", Layers)),
        ];
    }

    private static readonly Shape[] Shapes =
    [
        new("rnn", 32, 35, 256),
        new("gru", 32, 35, 256),
        new("lstm", 32, 35, 256),
        new("lstm", 32, 35, 256, Layers: 2),
        new("lstm", 64, 64, 512),
        new("lstm", 64, 35, 1024),
        new("lstm", 32, 64, 128, Vocab: 65),
    ];

    /// <summary>Measures and writes docs/figures/speed.json and the tables.</summary>
    /// <param name="words">The options.</param>
    public static int Measure(Arguments words)
    {
        int rounds = words.Number("--rounds", 5), milliseconds = words.Number("--milliseconds", 300);
        words.RefuseOthers();
        List<SpeedRow> rows = [];
        List<double> trips = [], peaks = [];
        List<string> placements = [];
        foreach (Shape shape in Shapes)
        {
            List<SpeedFigure> figures = [];
            foreach (int threads in new[] { 1, 2 })
            {
                string[] options =
                [
                    .. shape.Words, .. Options(("--rounds", rounds), ("--threads", threads)),
                    "--seconds", (milliseconds / 1000.0).ToString(CultureInfo.InvariantCulture),
                ];
                JsonElement bench = JsonDocument.Parse(
                    Charlm.Call(["bench", "--implementation", "fused", "--json", .. options])).RootElement;
                JsonElement row = bench.GetProperty("rows")[0];
                if (bench.GetProperty("cache_line") is { ValueKind: JsonValueKind.Object } trip)
                {
                    trips.Add(trip.GetProperty("nanoseconds").GetDouble());
                    placements.Add(trip.GetProperty("meaning").GetString()!);
                }
                if (figures.Count + rows.Count * 2 < 2)
                    peaks.Add(bench.GetProperty("product_peak_gflops").GetDouble());
                figures.Add(new SpeedFigure(
                    threads, Math.Round(Of(row, "tokens_per_second")), Math.Round(Of(row, "built_in_tokens_per_second")),
                    (int)Of(row, "built_in_threads"), Math.Round(Of(row, "times_built_in"), 3), Math.Round(Of(row, "of_gemm_peak"), 3)));
                Console.Error.WriteLine($"{shape.Name}, {shape.Rows} x {shape.Steps} x {shape.Hidden}, {threads} threads at most: "
                    + $"{Numbers.Count(figures[^1].Fused)} tokens/s, {Numbers.Fixed(figures[^1].Ratio, 2)} times torch.nn");
            }
            string vocab = shape.Vocab == 28 ? "" : $", {shape.Vocab}";
            rows.Add(new SpeedRow(shape.Name, $"{shape.Rows} x {shape.Steps} x {shape.Hidden}{vocab}", [.. figures]));
        }
        Origin origin = new("scripts/bench-table", Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine],
            "torch.nn's memory stays with it from step to step.");
        string placement = placements.Count == 0 ? "unknown" : string.Join("; at times ", placements.Distinct());
        double[] range = trips.Count == 0 ? [0, 0] : [Math.Round(trips.Min()), Math.Round(trips.Max())];
        FigureFile.Write(
            Charlm.Root, "speed", new SpeedFigures(origin, [.. peaks.Select(peak => Math.Round(peak))], range, placement, [.. rows]));
        MarkedTables.FillAll(Charlm.Root);
        return 0;
    }

    private static double Of(JsonElement row, string name) => row.GetProperty(name).GetDouble();

    private static IEnumerable<string> Options(params (string Option, int Value)[] options) =>
        options.SelectMany(option => new[] { option.Option, option.Value.ToString(CultureInfo.InvariantCulture) });
}
