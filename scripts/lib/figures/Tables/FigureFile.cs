using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM.Figures.Tables;

/// <summary>Where figures come from: what measured them, when, with which commits and on which machine.</summary>
/// <param name="Command">The script.</param>
/// <param name="Engine">Versions of charlm, TorchSharp and libtorch.</param>
/// <param name="Commits">The commits whose program computed them; more than one if a script was continued later.</param>
/// <param name="Dates">The days, in order.</param>
/// <param name="Machines">The processors.</param>
/// <param name="Note">What else a reader must know, such as how many seeds are missing.</param>
internal sealed record Origin(string Command, string Engine, string[] Commits, string[] Dates, string[] Machines, string Note)
{
    /// <summary>One line, as below every table.</summary>
    [JsonIgnore]
    public string Line => $"`{Command}`, commit{(Commits.Length > 1 ? "s" : "")} {string.Join(", ", Commits)}, {Span(Dates)}, "
        + $"{string.Join("; ", Machines)}, {Engine}." + (Note.Length > 0 ? $" {Note}" : "");

    /// <summary>Where the figures of a table's rows come from, which may be of several commits.</summary>
    /// <param name="command">The script.</param>
    /// <param name="engine">Versions of charlm, TorchSharp and libtorch.</param>
    /// <param name="rows">Where each row comes from.</param>
    /// <param name="note">What else a reader must know.</param>
    public static Origin Of(
        string command, string engine, IReadOnlyCollection<(string[] Commits, string[] Dates, string[] Machines)> rows, string note) => new(
            command, engine, [.. rows.SelectMany(row => row.Commits).Distinct()],
            [.. rows.SelectMany(row => row.Dates).Distinct().Order(StringComparer.Ordinal)],
            [.. rows.SelectMany(row => row.Machines).Distinct()], note);

    private static string Span(string[] dates) => dates.Length > 1 ? $"{dates[0]} to {dates[^1]}" : dates[0];
}

/// <summary>The files of docs/figures: everything that a table of the docs says.</summary>
internal static class FigureFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The folder in a checkout.</summary>
    /// <param name="root">The checkout.</param>
    public static string FolderOf(string root) => Path.Combine(root, "docs", "figures");

    /// <summary>Reads a file.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="name">Its name, without .json.</param>
    public static T Read<T>(string root, string name) => ReadFrom<T>(PathOf(root, name));

    /// <summary>Reads a file of the same form that lies elsewhere.</summary>
    /// <param name="path">The file.</param>
    public static T ReadFrom<T>(string path) => JsonSerializer.Deserialize<T>(File.ReadAllText(path), Options)!;

    /// <summary>Whether it exists.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="name">Its name, without .json.</param>
    public static bool Exists(string root, string name) => File.Exists(PathOf(root, name));

    /// <summary>Writes a file.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="name">Its name, without .json.</param>
    /// <param name="figures">What it says.</param>
    public static void Write<T>(string root, string name, T figures)
    {
        Directory.CreateDirectory(FolderOf(root));
        File.WriteAllText(PathOf(root, name), JsonSerializer.Serialize(figures, Options) + "\n");
    }

    private static string PathOf(string root, string name) => Path.Combine(FolderOf(root), name + ".json");
}
