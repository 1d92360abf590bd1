using System.Buffers.Binary;
using System.CommandLine;
using System.Text;
using System.Text.Unicode;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>Explains a file of the wrong kind: what it is, and which option takes it.</summary>
internal static class WrongFile
{
    private const int Glance = 4096;

    /// <summary>Explains a file given as a model; null if it is not another known kind.</summary>
    public static string? Explain(ParseResult parse, CheckpointException e)
    {
        // Not for a file that could not be written.
        if (e.InnerException is UnauthorizedAccessException && Directory.Exists(e.Path) && ModelsOf(e.Path) is { } models)
        {
            string resume = Has(parse, "--resume") ? ", --resume continues the run" : "";
            return $"{e.Path}: is a run directory, not a model: its models are {models}{resume}";
        }
        if (e.InnerException is not FormatException || !IsText(e.Path))
            return null;
        string taker = Has(parse, "--corpus") && parse.CommandResult.Command.Name != "generate" ? "--corpus takes a text"
            : Has(parse, "--data") ? "--data takes pairs"
            : Has(parse, "--input") ? "--input takes texts"
            : parse.CommandResult.Command.Name == "score" ? "give a text without an option"
            : "charlm train --corpus trains a model on a text";
        return $"{e.Path}: is a text, not a model; {taker}";
    }

    /// <summary>Explains a file given as a text; null if it is not another known kind.</summary>
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

    /// <summary>Explains words that are a file's name; null if they are not.</summary>
    /// <param name="words">The argument.</param>
    /// <param name="option">The option that takes the words literally.</param>
    /// <param name="reader">The option or verb that reads a file.</param>
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

    /// <summary>The best model of a run directory, else its last; null if the folder is not a run or has no model yet.</summary>
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

    // UTF-8 without a zero byte; the last character may be cut off.
    private static bool IsText(string path)
    {
        ReadOnlySpan<byte> bytes = Begin(path);
        if (bytes.Length == Glance)
            bytes = bytes[..^3];
        while (bytes.Length > 0 && bytes.Length > Glance - 7 && !Utf8.IsValid(bytes))
            bytes = bytes[..^1];
        return bytes.Length > 0 && !bytes.Contains((byte)0) && Utf8.IsValid(bytes);
    }

    // A safetensors file begins with the length of a JSON object and the object.
    private static bool IsModel(string path)
    {
        ReadOnlySpan<byte> bytes = Begin(path);
        return bytes.Length > 9 && bytes[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(bytes) is > 1 and < 1 << 30;
    }

    private static byte[] Begin(string path)
    {
        try
        {
            // Only seekable files: a pipe may have been read already.
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
