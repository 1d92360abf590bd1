using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>The table of docs/attention.md: where and how an encoder-decoder attends, on two tasks with a right answer.</summary>
internal static class MatchFunctions
{
    private const string Learned = "learned.tsv", Model = "model.safetensors";

    private static readonly string[] Tasks = ["reversal", "dates"];

    private static readonly (string Name, string[] Options)[] Ways =
    [
        ("none", ["--attention", "none"]),
        ("cosine", ["--attention", "cosine"]),
        ("general", ["--attention", "general"]),
        ("dot", ["--attention", "dot"]),
        ("additive", ["--attention", "additive"]),
        ("concat", ["--attention", "concat"]),
        ("additive, before", ["--attention", "additive", "--attention-place", "before"]),
        ("dot, before", ["--attention", "dot", "--attention-place", "before"]),
        ("dot, self-attention", ["--attention", "dot", "--encoder-attention", "dot"]),
    ];

    /// <summary>Trains, measures and writes docs/figures/match-functions.json and the table.</summary>
    /// <param name="words">The options.</param>
    public static int Measure(Arguments words)
    {
        int seeds = words.Number("--seeds", 3);
        words.RefuseOthers();
        using var task = new PairTask();
        foreach (string name in Tasks)
            task.Make(name);
        List<string[]> rows = [];
        foreach ((string name, string[] options) in Ways)
        {
            rows.Add([name, .. Tasks.SelectMany(pairs => Cells(pairs, options))]);
            Console.Error.WriteLine(string.Join("  ", rows[^1]));
        }
        PairTask.Write(
            "match-functions", "scripts/match-functions",
            Numbers.OverSeeds(seeds),
            ["attention", "reversal: exact match", "character error rate", "dates: exact match", "character error rate"], rows);
        return 0;

        string[] Cells(string pairs, string[] options)
        {
            task.Take(task.PathOf($"{pairs}/train.tsv"), 10_000, Learned);
            List<JsonElement> measured = [];
            for (int seed = 0; seed < seeds; seed++)
            {
                task.Train(
                    Learned, Model,
                    [
                        "--max-source", "40", "--epochs", "4", "--hidden", "64", "--lr", "0.01", "--batch-size", "64", "--schedule",
                        "cosine", "--seed", $"{seed}", .. options,
                    ]);
                measured.Add(task.Measure($"{pairs}/test.tsv", Model));
            }
            return
                [PairTask.Spread(measured, "exact_match", 100, 1) + " %", PairTask.Spread(measured, "character_error_rate", 100, 1) + " %"];
        }
    }
}
