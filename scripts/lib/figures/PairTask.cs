using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>Pairs of <c>scripts/make-pairs.py</c> and models that learn them, in a folder that is deleted in the end.</summary>
internal sealed class PairTask : IDisposable
{
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("charlm-pairs-");

    /// <summary>A path in the folder.</summary>
    /// <param name="name">The file.</param>
    public string PathOf(string name) => Path.Combine(_scratch.FullName, name);

    /// <summary>Makes the pairs of a task: <c>TASK/train.tsv</c> and <c>TASK/test.tsv</c>.</summary>
    /// <param name="task">The task.</param>
    /// <param name="options">More options.</param>
    public void Make(string task, params string[] options) =>
        Charlm.Run("python3", Charlm.Root, ["scripts/make-pairs.py", task, "--out", PathOf(task), .. options]);

    /// <summary>Writes the first pairs of a file to another.</summary>
    /// <param name="from">The file.</param>
    /// <param name="count">How many.</param>
    /// <param name="to">The other one.</param>
    public void Take(string from, int count, string to) => File.WriteAllLines(PathOf(to), File.ReadLines(from).Take(count));

    /// <summary>Trains a model, and returns what <c>--json</c> prints.</summary>
    /// <param name="data">Its pairs.</param>
    /// <param name="model">Its file.</param>
    /// <param name="options">More options.</param>
    public JsonElement Train(string data, string model, params string[] options) =>
        Json(["seq2seq", "train", "--data", PathOf(data), "--out", PathOf(model), "--threads", "1", "--json", .. options]);

    /// <summary>Measures a model, and returns what <c>--json</c> prints.</summary>
    /// <param name="data">The pairs.</param>
    /// <param name="model">Its file.</param>
    /// <param name="options">More options.</param>
    public JsonElement Measure(string data, string model, params string[] options) =>
        Json(["seq2seq", "eval", "--checkpoint", PathOf(model), "--data", PathOf(data), "--threads", "1", "--json", .. options]);

    /// <summary>Writes a table of the docs.</summary>
    /// <param name="name">Its file in docs/figures.</param>
    /// <param name="script">The script that measured it.</param>
    /// <param name="note">What else a reader must know.</param>
    /// <param name="columns">The headings.</param>
    /// <param name="rows">A cell for each heading.</param>
    public static void Write(string name, string script, string note, string[] columns, IEnumerable<string[]> rows)
    {
        Origin origin = new(script, Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine], note);
        FigureFile.Write(Charlm.Root, name, new PlainFigures(origin, columns, [.. rows]));
        MarkedTables.FillAll(Charlm.Root);
    }

    /// <summary>Mean and standard deviation of a number of several outputs.</summary>
    /// <param name="outputs">The outputs, of one seed each.</param>
    /// <param name="name">The number.</param>
    /// <param name="factor">What it is multiplied by.</param>
    /// <param name="decimals">How many decimals.</param>
    public static string Spread(IEnumerable<JsonElement> outputs, string name, double factor, int decimals)
    {
        double[] values = [.. outputs.Select(output => factor * output.GetProperty(name).GetDouble())];
        string sd = Numbers.Deviation(values) is { } deviation ? $" ± {Numbers.Fixed(deviation, decimals)}" : "";
        return Numbers.Fixed(Numbers.Mean(values), decimals) + sd;
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Delete(recursive: true);

    private static JsonElement Json(string[] words) => JsonDocument.Parse(Charlm.Call(words)).RootElement;
}
