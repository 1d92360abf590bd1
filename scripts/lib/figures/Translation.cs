using System.Globalization;
using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>The tables of docs/translation.md: the book's encoder-decoders, English to Chinese, couplets.</summary>
internal static class Translation
{
    private const string Script = "scripts/translation";
    private const int Pairs = 600, LearnedCouplets = 30_000;

    private static readonly string[] Presets = ["d2l-seq2seq", "d2l-seq2seq-v1", "d2l-bahdanau"];

    private static readonly Dictionary<string, Action<int>> Tables = new()
    {
        ["books"] = Books,
        ["chinese"] = _ => Chinese(),
        ["couplets"] = _ => Couplets(),
    };

    /// <summary>Trains, measures and writes the files of docs/figures and the tables.</summary>
    /// <param name="words">The options, and names of tables; none: all.</param>
    public static int Measure(Arguments words)
    {
        int seeds = words.Number("--seeds", 3);
        string[] named = words.OneOf("table", [.. Tables.Keys]);
        foreach ((string name, Action<int> measure) in Tables)
        {
            if (named.Length > 0 && !named.Contains(name))
                continue;
            Console.Error.WriteLine(name);
            measure(seeds);
        }
        return 0;
    }

    // The presets on the pairs that they learned, as in the books.
    private static void Books(int seeds)
    {
        using var task = new PairTask();
        task.Take(Corpus("cmn-eng"), Pairs, "pairs.tsv");
        PairTask.Write(
            "translation", $"{Script} books", Numbers.OverSeeds(seeds),
            [
                $"preset, on the first {Pairs} pairs of `cmn-eng`", "loss of the last epoch, nats", "exact match", "character error rate",
                "BLEU",
            ],
            Presets.Select(Row));

        string[] Row(string preset)
        {
            (JsonElement Trained, JsonElement Measured)[] runs = [.. Enumerable.Range(0, seeds).Select(seed => Run(preset, $"{seed}"))];
            IEnumerable<JsonElement> measured = runs.Select(run => run.Measured);
            return
            [
                $"`{preset}`", PairTask.Spread(runs.Select(run => run.Trained), "loss", 1, 3),
                PairTask.Spread(measured, "exact_match", 100, 1) + " %", PairTask.Spread(measured, "character_error_rate", 100, 1) + " %",
                PairTask.Spread(measured, "bleu", 1, 3),
            ];
        }

        (JsonElement, JsonElement) Run(string preset, string seed) => (
            task.Train("pairs.tsv", "model.safetensors", "--preset", preset, "--target-token", "char", "--seed", seed),
            task.Measure("pairs.tsv", "model.safetensors"));
    }

    // All pairs but a thousand, whose sources training never saw.
    private static void Chinese()
    {
        using var task = new PairTask();
        task.Make("translation", "--text", Corpus("cmn-eng"), "--test", "1000");
        task.Train(
            "translation/train.tsv", "model.safetensors", "--token", "word", "--target-token", "char", "--cleaning", "d2l", "--min-freq",
            "2", "--hidden", "256", "--embedding", "128", "--output-dropout", "0.3", "--input-dropout", "0.2", "--lr", "0.002",
            "--schedule", "cosine", "--epochs", "10", "--attention", "dot");
        JsonElement measured = task.Measure("translation/test.tsv", "model.safetensors", "--beams", "1,2,4");
        PairTask.Write(
            "chinese", $"{Script} chinese",
            $"The loss of the true targets is {Fixed(measured, "loss", 1, 3)} nats per character; one seed.",
            ["beam", "exact match", "character error rate", "BLEU"],
            measured.GetProperty("beams").EnumerateArray().Select(beam => (string[])
                [
                    beam.GetProperty("beam").GetRawText(), Fixed(beam, "exact_match", 100, 1) + " %",
                    Fixed(beam, "character_error_rate", 100, 1) + " %", Fixed(beam, "bleu", 1, 3),
                ]));
    }

    // Second lines for first ones, judged by scripts/couplets, beside n-grams of the same couplets.
    private static void Couplets()
    {
        using var task = new PairTask();
        task.Make("couplets", "--text", Corpus("tang"));
        string test = task.PathOf("couplets/test.tsv"), learned = task.PathOf("learned.tsv");
        task.Take(task.PathOf("couplets/train.tsv"), LearnedCouplets, "learned.tsv");
        task.Train(
            "learned.tsv", "model.safetensors", "--equal-length", "true", "--hidden", "128", "--embedding", "64", "--output-dropout", "0.2",
            "--lr", "0.004", "--schedule", "cosine", "--epochs", "4", "--attention", "dot", "--batch-size", "128");
        // Each target of five characters also has an end, which costs nothing, since the length is known.
        double nats = task.Measure("couplets/test.tsv", "model.safetensors").GetProperty("loss").GetDouble() * 6 / 5;
        List<string[]> rows =
        [
            RowOf("the true ones", "", Judge()),
            Written("network, `--beam 4`", nats, "--beam", "4"),
            Written("network, `--temperature 0.7`", nats, "--temperature", "0.7"),
        ];
        foreach (int order in (int[])[2, 3, 4])
            rows.Add(Counted($"{order}-grams, beam of 4", order));
        rows.Add(Counted("3-grams, drawn at temperature 0.7", 3, "--temperature", "0.7"));
        PairTask.Write(
            "couplets", $"{Script} couplets", "One seed.",
            [
                "second lines of 2,000 unseen couplets", "nats per character of the true line", "character error rate", "right length",
                "without repetition", "different lines", "different characters",
            ],
            rows);

        string[] Written(string name, double nats, params string[] options)
        {
            string lines = task.PathOf("written.tsv");
            File.WriteAllText(lines, Charlm.Call(
                ["seq2seq", "predict", "--checkpoint", task.PathOf("model.safetensors"), "--input", test, "--threads", "1", .. options]));
            return RowOf(name, Numbers.Fixed(nats, 2), Judge("--written", lines));
        }

        string[] Counted(string name, int order, params string[] options)
        {
            string[] judged = Judge(["--train", learned, "--order", $"{order}", .. options]);
            return RowOf(name, Numbers.Fixed(double.Parse(judged[^2].Split(' ')[1], CultureInfo.InvariantCulture), 2), judged);
        }

        string[] Judge(params string[] options) =>
            Charlm.Run("python3", Charlm.Root, ["scripts/couplets", "--test", test, .. options]).Trim().Split('\n');
    }

    // The last line of scripts/couplets: "NAME: character error rate 0.9812, right length 1.0000, ..., 2000 couplets".
    private static string[] RowOf(string name, string nats, string[] judged)
    {
        string[] values = [.. judged[^1][(judged[^1].LastIndexOf(": ", StringComparison.Ordinal) + 2)..].Split(", ")
            .Select(part => part.Split(' ')[^1])];
        IEnumerable<string> shares = values[..4].Select(value =>
            Numbers.Fixed(100 * double.Parse(value, CultureInfo.InvariantCulture), 1) + " %");
        return [name, nats, .. shares, Numbers.Count(int.Parse(values[4], CultureInfo.InvariantCulture))];
    }

    private static string Fixed(JsonElement element, string name, double factor, int decimals) =>
        Numbers.Fixed(factor * element.GetProperty(name).GetDouble(), decimals);

    private static string Corpus(string name) => Charlm.Call("corpus", "get", name).Trim();
}
