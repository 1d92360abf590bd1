using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>
/// Reads and writes classifiers and translators: one safetensors file as <see cref="CheckpointFile"/>'s, its metadata's
/// <c>kind</c> saying which of them it is.
/// </summary>
public static class SequenceModelFile
{
    internal const string KindKey = "kind";

    /// <summary>What a reader must know of a kind of model.</summary>
    /// <typeparam name="TConfig">What the model is made of.</typeparam>
    /// <param name="Name">The kind's name in the file.</param>
    /// <param name="Faults">What is wrong with a configuration.</param>
    /// <param name="Shapes">The weights of a configuration and two vocabs' sizes.</param>
    public sealed record Format<TConfig>(string Name, Func<TConfig, IEnumerable<string>> Faults, Func<TConfig, int, int, IReadOnlyDictionary<string, long[]>> Shapes)
        where TConfig : class;

    /// <summary>Writes a model; a reader sees the old file or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public static void Write<TConfig>(string path, Format<TConfig> format, SequenceCheckpoint<TConfig> model)
        where TConfig : class
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(model);
        var metadata = new Dictionary<string, string>(CheckpointMetadata.WriteFormat(), StringComparer.Ordinal)
        {
            [KindKey] = format.Name,
            ["model"] = CheckpointMetadata.WritePart(model.Config),
            ["training"] = CheckpointMetadata.WritePart(model.Training),
            ["source"] = CheckpointMetadata.WriteVocab(model.Source),
            ["target"] = CheckpointMetadata.WriteVocab(model.Target),
            ["corpus"] = CheckpointMetadata.WritePart(model.Corpus),
            ["figures"] = CheckpointMetadata.WritePart(model.Figures),
        };
        SealedFile.Write(path, metadata, SafetensorsFile.InOrder(model.Weights));
    }

    /// <summary>Reads a model; everything is checked before weights are allocated.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static SequenceCheckpoint<TConfig> Read<TConfig>(string path, Format<TConfig> format)
        where TConfig : class
    {
        ArgumentNullException.ThrowIfNull(format);
        return SafetensorsFile.Read(path, stream =>
        {
            byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
            SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
            IReadOnlyDictionary<string, string> metadata = header.Metadata;
            CheckpointMetadata.CheckFormat(metadata);
            string kind = metadata.GetValueOrDefault(KindKey, "language model");
            if (kind != format.Name)
                throw new FormatException($"holds a {kind}, not a {format.Name}");
            TConfig config = CheckpointMetadata.Part<TConfig>(metadata, "model");
            TrainerConfig training = CheckpointMetadata.Part<TrainerConfig>(metadata, "training");
            CheckpointMetadata.Check(format.Faults(config).Concat(training.Faults()));
            Vocab source = CheckpointMetadata.ReadVocab(metadata, "source"), target = CheckpointMetadata.ReadVocab(metadata, "target");
            return new SequenceCheckpoint<TConfig>
            {
                Config = config,
                Source = source,
                Target = target,
                Training = training,
                Corpus = CheckpointMetadata.Part<CorpusRecord>(metadata, "corpus"),
                Figures = CheckpointMetadata.Part<Figures>(metadata, "figures"),
                Weights = CheckpointFile.ReadWeights(stream, headerBytes, header, format.Shapes(config, source.Count, target.Count)),
            };
        });
    }
}
