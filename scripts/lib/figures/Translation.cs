using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>The book's encoder-decoders on the first 600 pairs of English and Chinese, three seeds each.</summary>
internal static class Translation
{
    private const int Pairs = 600;

    private static readonly string[] Presets = ["d2l-seq2seq", "d2l-seq2seq-v1", "d2l-bahdanau"];

    /// <summary>Trains, measures and writes docs/figures/translation.json and the table.</summary>
    /// <param name="words">The options.</param>
    public static int Measure(Arguments words)
    {
        int seeds = words.Number("--seeds", 3);
        words.RefuseOthers();
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("charlm-translation-");
        try
        {
            string data = Path.Combine(scratch.FullName, "pairs.tsv");
            File.WriteAllLines(data, File.ReadLines(Charlm.Call("corpus", "get", "cmn-eng").Trim()).Take(Pairs));
            List<string[]> rows = [];
            foreach (string preset in Presets)
            {
                JsonElement[] runs = [.. Enumerable.Range(0, seeds).Select(seed => Run(preset, seed, data, scratch.FullName))];
                rows.Add(
                [
                    $"`{preset}`", Spread("trained_loss", 1, 3), Spread("exact_match", 100, 1) + " %",
                    Spread("character_error_rate", 100, 1) + " %", Spread("bleu", 1, 3),
                ]);
                Console.Error.WriteLine(string.Join("  ", rows[^1]));

                string Spread(string name, double factor, int decimals)
                {
                    double[] values = [.. runs.Select(run => factor * run.GetProperty(name).GetDouble())];
                    string sd = Numbers.Deviation(values) is { } deviation ? $" ± {Numbers.Fixed(deviation, decimals)}" : "";
                    return Numbers.Fixed(Numbers.Mean(values), decimals) + sd;
                }
            }
            string[] columns =
            [
                $"preset, on the first {Pairs} pairs of `cmn-eng`", "loss of the last epoch, nats", "exact match", "character error rate", "BLEU",
            ];
            Origin origin = new(
                "scripts/translation", Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine],
                $"Mean ± standard deviation over {seeds} seeds.");
            FigureFile.Write(Charlm.Root, "translation", new PlainFigures(origin, columns, [.. rows]));
            MarkedTables.FillAll(Charlm.Root);
            return 0;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    // What eval prints, with the loss that training ended with.
    private static JsonElement Run(string preset, int seed, string data, string folder)
    {
        string model = Path.Combine(folder, $"{preset}-{seed}.safetensors");
        JsonElement trained = JsonDocument.Parse(Charlm.Call(
            "seq2seq", "train", "--data", data, "--preset", preset, "--target-token", "char", "--seed", $"{seed}", "--threads", "1",
            "--out", model, "--json")).RootElement;
        string measured = Charlm.Call("seq2seq", "eval", "--checkpoint", model, "--data", data, "--threads", "1", "--json").Trim();
        return JsonDocument.Parse($"{measured[..^1]},\"trained_loss\":{trained.GetProperty("loss").GetRawText()}}}").RootElement;
    }
}
