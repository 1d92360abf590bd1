using System.Buffers.Binary;
using System.CommandLine;
using System.Text;
using System.Text.Unicode;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>A file of one kind where another is due: says what it is, and which option takes it.</summary>
internal static class WrongFile
{
    private const int Glance = 4096;

    /// <summary>What was given for a model; null when it is nothing that goes elsewhere.</summary>
    public static string? Explain(ParseResult parse, CheckpointException e)
    {
        // Not of a file that could not be written.
        if (e.InnerException is UnauthorizedAccessException && Directory.Exists(e.Path) && ModelsOf(e.Path) is { } models)
        {
            string resume = Has(parse, "--resume") ? ", --resume goes on with the run" : "";
            return $"{e.Path}: is a run directory, not a model: its models are {models}{resume}";
        }
        if (e.InnerException is not FormatException || !IsText(e.Path))
            return null;
        string taker = Has(parse, "--corpus") && parse.CommandResult.Command.Name != "generate" ? "--corpus takes a text"
            : Has(parse, "--data") ? "--data takes pairs"
            : Has(parse, "--input") ? "--input takes texts"
            : parse.CommandResult.Command.Name == "score" ? "a text is named without an option"
            : "charlm train --corpus takes a text and makes a model of it";
        return $"{e.Path}: is a text, not a model; {taker}";
    }

    /// <summary>What was given for a text; null when it is nothing that goes elsewhere.</summary>
    public static string? Explain(ParseResult parse, CorpusFileException e)
    {
        if (e.Error == CorpusFileError.Directory && ModelsOf(e.Location) is { } models)
            return $"{e.Location}: is a run directory, not a text; its models are {models}";
        if (e.Error is not (CorpusFileError.WrongEncoding or CorpusFileError.Binary or CorpusFileError.TooLarge))
            return null;
        if (!IsModel(e.Location))
            return e.Error == CorpusFileError.Binary && Has(parse, "--token") ? $"{e.Message} (--token byte reads any file)"
                : e.Suggestion is not null && Has(parse, "--encoding") ? $"{e.Message} (--encoding {e.Suggestion})" : null;
        string taker = Has(parse, "--checkpoint") ? "--checkpoint takes a model" : "charlm inspect shows what is in a model";
        return $"{e.Location}: is a model, not a text; {taker}";
    }

    /// <summary>Why words that were given by position are no words, but a file's name; null when they are none.</summary>
    /// <param name="words">What was given.</param>
    /// <param name="option">The option that takes them as words, whatever they look like.</param>
    /// <param name="reader">What reads a file instead.</param>
    public static string? ExplainWords(string words, string option, string reader)
    {
        if (!CorpusResolver.LooksLikePath(words) || !Path.Exists(words))
            return null;
        return IsModel(words) || (Directory.Exists(words) && ModelsOf(words) is not null)
            ? $"{words}: is a model, not a text; --checkpoint takes a model"
            : $"{words}: is a file; {reader}, and {option} takes the words themselves";
    }

    /// <summary>Whether a folder is a run directory.</summary>
    public static bool IsRun(string folder)
    {
        var run = new RunDirectory(folder);
        return File.Exists(run.ConfigPath) && File.Exists(run.EnvironmentPath);
    }

    /// <summary>The best model of a run directory, else its last; null when the folder is none, or has none yet.</summary>
    public static string? ModelOf(string folder)
    {
        var run = new RunDirectory(folder);
        return !File.Exists(run.ConfigPath) ? null
            : File.Exists(run.BestCheckpointPath) ? run.BestCheckpointPath
            : File.Exists(run.LastCheckpointPath) ? run.LastCheckpointPath
            : null;
    }

    private static string? ModelsOf(string folder)
    {
        var run = new RunDirectory(folder);
        string[] files = File.Exists(run.ConfigPath)
            ? [.. new[] { run.BestCheckpointPath, run.LastCheckpointPath }.Where(File.Exists)] : [];
        return files.Length == 0 ? null : string.Join(" and ", files);
    }

    private static bool Has(ParseResult parse, string option) => parse.CommandResult.Command.Options.Any(known => known.Name == option);

    // UTF-8 without a zero byte, but for a character that the glance cuts.
    private static bool IsText(string path)
    {
        ReadOnlySpan<byte> bytes = Begin(path);
        if (bytes.Length == Glance)
            bytes = bytes[..^3];
        while (bytes.Length > 0 && bytes.Length > Glance - 7 && !Utf8.IsValid(bytes))
            bytes = bytes[..^1];
        return bytes.Length > 0 && !bytes.Contains((byte)0) && Utf8.IsValid(bytes);
    }

    // The length of a JSON object, and its beginning.
    private static bool IsModel(string path)
    {
        ReadOnlySpan<byte> bytes = Begin(path);
        return bytes.Length > 9 && bytes[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(bytes) is > 1 and < 1 << 30;
    }

    private static byte[] Begin(string path)
    {
        try
        {
            // What can be sought in is a file, and no pipe that has been read already.
            using FileStream file = SharedFile.OpenRead(path);
            if (!file.CanSeek || file.Length == 0)
                return [];
            var bytes = new byte[Math.Min(Glance, file.Length)];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
