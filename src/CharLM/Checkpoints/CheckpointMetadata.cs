using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>The metadata of a checkpoint's safetensors file: each part as JSON.</summary>
internal static class CheckpointMetadata
{
    /// <summary>The format version that this toolkit writes, and the newest that it reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>The part that only resumable checkpoints have.</summary>
    public const string ResumeKey = "resume";

    private const string Format = "charlm";

    private const string SketchKey = "trained_text", CellKey = "cell";

    /// <summary>The JSON options of every part.</summary>
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The best loss of a schedule is infinite before the first epoch; older files also have infinite perplexities.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        MaxDepth = 8,
        // A null or missing value is a damaged file, not a failure of the code that uses the value later.
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // readable for people; none of this goes into HTML
    };

    /// <summary>The metadata of a checkpoint.</summary>
    public static Dictionary<string, string> Write(Checkpoint checkpoint)
    {
        var metadata = new Dictionary<string, string>(WriteText(checkpoint), StringComparer.Ordinal)
        {
            ["model"] = WritePart(checkpoint.Model),
            ["training"] = WritePart(checkpoint.Training),
        };
        if (checkpoint.Resume is not null)
            metadata[ResumeKey] = WritePart(checkpoint.Resume);
        WriteCell(metadata, checkpoint.Model);
        return metadata;
    }

    /// <summary>Adds where a cell of the user's own comes from; nothing for the cells of the toolkit.</summary>
    public static void WriteCell(Dictionary<string, string> metadata, ModelConfig model)
    {
        if (model.Cell == CellKind.Own && RecurrentCells.Find(model.OwnCell) is { } cell)
            metadata[CellKey] = WritePart(new CellEntry(cell.Name, cell.Assembly, cell.Sha256));
    }

    /// <summary>Refuses the model of a cell that is not registered, or that comes from another file than it did.</summary>
    /// <exception cref="MissingCellException">Says where it came from.</exception>
    /// <exception cref="FormatException">What is said of it is damaged.</exception>
    public static void CheckCell(IReadOnlyDictionary<string, string> metadata, ModelConfig model)
    {
        if (model.Cell != CellKind.Own)
            return;
        CellEntry? entry = PartOrNull<CellEntry>(metadata, CellKey);
        if (entry is not null && entry.Name != model.OwnCell)
            throw new FormatException($"holds a model of the cell '{model.OwnCell}', and tells the origin of another one, '{entry.Name}'");
        MissingCellException.ThrowIfMissing("holds a model", model.OwnCell, entry?.Assembly, entry?.Sha256);
    }

    /// <summary>The metadata shared by models of all kinds.</summary>
    public static Dictionary<string, string> WriteText(ISavedModel model)
    {
        var metadata = new Dictionary<string, string>(WriteFormat(), StringComparer.Ordinal)
        {
            ["text"] = WritePart(model.Text),
            ["vocab"] = WriteVocab(model.Vocab),
            ["corpus"] = WritePart(model.Corpus),
            ["figures"] = WritePart(model.Progress),
        };
        if (model.TrainedText is { } sketch)
            metadata[SketchKey] = WritePart(new SketchEntry(sketch.PassageLength, sketch.Limit, sketch.Pack()));
        return metadata;
    }

    /// <summary>The metadata that <see cref="CheckFormat"/> requires.</summary>
    public static Dictionary<string, string> WriteFormat() => new(StringComparer.Ordinal)
    {
        ["format"] = Format,
        ["format_version"] = FormatVersion.ToString(),
    };

    /// <summary>A vocab as a part.</summary>
    public static string WriteVocab(Vocab vocab) => WritePart(new VocabEntry(vocab.Tokens, vocab.Frequencies));

    /// <summary>Serializes one part.</summary>
    public static string WritePart<T>(T part) => PlainJson.Serialize(part, Json);

    /// <summary>Whether metadata belongs to a checkpoint of any version.</summary>
    public static bool IsCheckpoint(IReadOnlyDictionary<string, string> metadata) => metadata.GetValueOrDefault("format") == Format;

    /// <summary>A part of metadata; null when it is missing.</summary>
    /// <exception cref="FormatException">It is damaged.</exception>
    public static T? PartOrNull<T>(IReadOnlyDictionary<string, string> metadata, string name)
        where T : class => metadata.ContainsKey(name) ? Part<T>(metadata, name) : null;

    /// <summary>Checks that metadata belongs to a checkpoint of a readable version.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static void CheckFormat(IReadOnlyDictionary<string, string> metadata)
    {
        if (!IsCheckpoint(metadata))
            throw new FormatException("is a safetensors file, but not a checkpoint of CharLM; charlm import makes one from a state dict");
        if (!int.TryParse(metadata.GetValueOrDefault("format_version"), out int version) || version < 1)
            throw new FormatException("has no format version");
        if (version > FormatVersion)
            throw new FormatException(
                $"has format version {version}, newer than {FormatVersion}, the newest that this CharLM reads: update CharLM");
    }

    /// <summary>A checkpoint without its weights.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static Checkpoint Read(IReadOnlyDictionary<string, string> metadata)
    {
        CheckFormat(metadata);
        if (NGramFile.IsNGram(metadata))
            throw new FormatException("holds counted n-grams, not a recurrent network; charlm eval, generate and score take it");
        if (metadata.GetValueOrDefault(ModelKind.Key) is { } kind)
            throw new FormatException($"holds a {kind}, not a {ModelKind.LanguageModel}; charlm {ModelKind.VerbOf(kind)} takes it");
        ModelConfig model = Part<ModelConfig>(metadata, "model");
        CheckCell(metadata, model);
        TrainerConfig training = Part<TrainerConfig>(metadata, "training");
        ResumeState? resume = PartOrNull<ResumeState>(metadata, ResumeKey);
        Check(model.Errors().Concat(training.Errors()).Concat(resume?.Errors() ?? []));
        (TextConfig text, Vocab vocab, CorpusRecord corpus, TrainingProgress figures) = ReadText(metadata);
        return new Checkpoint
        {
            Model = model,
            Text = text,
            Vocab = vocab,
            Training = training,
            Corpus = corpus,
            TrainedText = ReadSketch(metadata),
            Progress = figures,
            Resume = resume,
            Weights = new Dictionary<string, WeightArray>(),
        };
    }

    /// <summary>Reads the metadata shared by models of all kinds.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static (TextConfig Text, Vocab Vocab, CorpusRecord Corpus, TrainingProgress Progress) ReadText(
        IReadOnlyDictionary<string, string> metadata)
    {
        TextConfig text = Part<TextConfig>(metadata, "text");
        Vocab vocab = ReadVocab(metadata, "vocab");
        Check(text.Errors());
        if (text.Documents != DocumentKind.None && vocab[Vocab.End] == Vocab.UnknownId)
            throw Impossible($"a text of documents has no token {Vocab.End} in its vocab");
        return (text, vocab, Part<CorpusRecord>(metadata, "corpus"), Part<TrainingProgress>(metadata, "figures"));
    }

    /// <summary>The sketch of a model's training text; null when there is none.</summary>
    /// <exception cref="FormatException">It is damaged.</exception>
    public static TextSketch? ReadSketch(IReadOnlyDictionary<string, string> metadata) =>
        PartOrNull<SketchEntry>(metadata, SketchKey) is { } entry
            ? TextSketch.Unpack(entry.PassageLength, entry.Limit, entry.Hashes)
            : null;

    /// <summary>Reads a vocab from a part.</summary>
    /// <exception cref="FormatException">The part is missing, or is not a vocab.</exception>
    public static Vocab ReadVocab(IReadOnlyDictionary<string, string> metadata, string name)
    {
        VocabEntry vocab = Part<VocabEntry>(metadata, name);
        try
        {
            return Vocab.Restore(vocab.Tokens, vocab.Frequencies);
        }
        catch (ArgumentException e)
        {
            throw Impossible(e.Message);
        }
    }

    /// <summary>Refuses a configuration with errors.</summary>
    /// <exception cref="FormatException">Lists the errors.</exception>
    public static void Check(IEnumerable<string> errors)
    {
        if (errors.ToList() is { Count: > 0 } found)
            throw Impossible(string.Join("; ", found));
    }

    private static FormatException Impossible(string error) => new($"holds an invalid configuration: {error}");

    /// <summary>A part of metadata.</summary>
    /// <exception cref="FormatException">It is missing or damaged.</exception>
    public static T Part<T>(IReadOnlyDictionary<string, string> metadata, string name)
        where T : class => (T)Part(metadata, name, typeof(T));

    /// <summary>A part of metadata, of a type known only at run time.</summary>
    /// <exception cref="FormatException">It is missing or damaged.</exception>
    public static object Part(IReadOnlyDictionary<string, string> metadata, string name, Type type)
    {
        if (!metadata.TryGetValue(name, out string? json))
            throw new FormatException($"has no '{name}' in its metadata");
        try
        {
            return PlainPart.TryRead(json, type, Json) ?? JsonSerializer.Deserialize(json, type, Json)
                ?? throw new FormatException($"has an empty '{name}' in its metadata");
        }
        catch (JsonException e)
        {
            throw new FormatException($"has a damaged '{name}' in its metadata: {e.Message}", e);
        }
    }

    private sealed record SketchEntry(int PassageLength, int Limit, byte[] Hashes);

    private sealed record CellEntry(string Name, string Assembly, string? Sha256 = null);

    private sealed record VocabEntry(IReadOnlyList<string> Tokens, IReadOnlyList<long>? Frequencies = null);
}
