using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Pairs;

/// <summary>
/// Reads and writes classifiers and translators: one safetensors file as <see cref="CheckpointFile"/>'s, its metadata's
/// <c>kind</c> saying which of them it is.
/// </summary>
internal static class PairModelFile
{
    /// <summary>The weights of a configuration and two vocabs: name to shape.</summary>
    /// <exception cref="FormatException">No model can have these vocabs; says why.</exception>
    internal delegate IReadOnlyDictionary<string, long[]> ShapesOf<TConfig>(TConfig config, Vocab source, Vocab target);

    /// <summary>Writes a model; a reader sees the old file or the new one, never a part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Its content.</param>
    /// <param name="shapesOf">The weights that a model of the kind has.</param>
    /// <exception cref="CheckpointException">
    /// The file cannot be written, or its weights are not those of its model, so that no reader would take it; an old file is as it was.
    /// </exception>
    public static void Write<TConfig>(string path, PairCheckpoint<TConfig> model, ShapesOf<TConfig> shapesOf)
        where TConfig : class, IPairConfig => Write(path, model, shapesOf, null);

    /// <param name="path">The file.</param>
    /// <param name="model">Its content.</param>
    /// <param name="shapesOf">The weights that a model of the kind has.</param>
    /// <param name="replacing">Called when the new file is whole, before it takes the old one's place.</param>
    /// <inheritdoc cref="Write{TConfig}(string, PairCheckpoint{TConfig}, ShapesOf{TConfig})"/>
    internal static void Write<TConfig>(string path, PairCheckpoint<TConfig> model, ShapesOf<TConfig> shapesOf, Action? replacing)
        where TConfig : class, IPairConfig
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapesOf);
        CheckpointFile.CheckWeights(path, model.Weights, shapesOf(model.Config, model.Source, model.Target));
        var metadata = new Dictionary<string, string>(CheckpointMetadata.WriteFormat(), StringComparer.Ordinal)
        {
            [ModelKind.Key] = TConfig.Kind,
            ["model"] = CheckpointMetadata.WritePart(model.Config),
            ["training"] = CheckpointMetadata.WritePart(model.Training),
            ["source"] = CheckpointMetadata.WriteVocab(model.Source),
            ["target"] = CheckpointMetadata.WriteVocab(model.Target),
            ["corpus"] = CheckpointMetadata.WritePart(model.Corpus),
            ["figures"] = CheckpointMetadata.WritePart(model.Progress),
        };
        if (model.Resume is not null)
            metadata[CheckpointMetadata.ResumeKey] = CheckpointMetadata.WritePart(model.Resume);
        ChecksummedFile.Write(path, metadata, SafetensorsFile.InOrder(ResumeTensors.Beside(model.Weights, model.Resume)), replacing);
    }

    /// <summary>Reads a model; everything is checked before weights are allocated.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shapesOf">The weights that a model of the kind has.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static PairCheckpoint<TConfig> Read<TConfig>(string path, ShapesOf<TConfig> shapesOf)
        where TConfig : class, IPairConfig
    {
        ArgumentNullException.ThrowIfNull(shapesOf);
        return SafetensorsFile.Read(path, stream =>
        {
            byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
            SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
            IReadOnlyDictionary<string, string> metadata = header.Metadata;
            CheckpointMetadata.CheckFormat(metadata);
            string kind = metadata.GetValueOrDefault(ModelKind.Key, ModelKind.LanguageModel);
            if (kind != TConfig.Kind)
                throw new FormatException($"holds a {kind}, not a {TConfig.Kind}");
            TConfig config = CheckpointMetadata.Part<TConfig>(metadata, "model");
            TrainerConfig training = CheckpointMetadata.Part<TrainerConfig>(metadata, "training");
            ResumeState? resume = CheckpointMetadata.PartOrNull<ResumeState>(metadata, CheckpointMetadata.ResumeKey);
            CheckpointMetadata.Check(config.Errors().Concat(training.Errors()).Concat(resume?.Errors() ?? []));
            Vocab source = CheckpointMetadata.ReadVocab(metadata, "source"), target = CheckpointMetadata.ReadVocab(metadata, "target");
            IReadOnlyDictionary<string, long[]> shapes = shapesOf(config, source, target);
            Dictionary<string, WeightArray> weights = CheckpointFile.ReadWeights(
                stream, headerBytes, header, shapes, tensor => resume is not null && ResumeTensors.IsMomentOf(tensor, shapes));
            return new PairCheckpoint<TConfig>
            {
                Config = config,
                Source = source,
                Target = target,
                Training = training,
                Corpus = CheckpointMetadata.Part<CorpusRecord>(metadata, "corpus"),
                Progress = CheckpointMetadata.Part<TrainingProgress>(metadata, "figures"),
                Resume = resume is null ? null : ResumeTensors.Take(resume, weights),
                Weights = weights,
            };
        });
    }
}

/// <summary>A trained classifier or translator with everything that is needed to use it alone.</summary>
/// <typeparam name="TConfig">What the model is made of.</typeparam>
public sealed record PairCheckpoint<TConfig> : IRunCheckpoint
    where TConfig : class
{
    /// <summary>What the model is made of.</summary>
    public required TConfig Config { get; init; }

    /// <summary>Tokens of what is read.</summary>
    public required Vocab Source { get; init; }

    /// <summary>Labels, or tokens of what is written.</summary>
    public required Vocab Target { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>Which file it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <summary>What training had reached.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>The weights by name.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    public ResumeState? Resume { get; init; }
}
