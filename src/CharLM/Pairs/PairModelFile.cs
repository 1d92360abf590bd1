using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Pairs;

/// <summary>
/// Reads and writes classifiers and translators: one safetensors file like <see cref="CheckpointFile"/>'s, with the kind of model as
/// <c>kind</c> in its metadata.
/// </summary>
internal static class PairModelFile
{
    /// <summary>Writes a model; readers see the old file or the new one, never a part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Its content.</param>
    /// <param name="replacing">Called when the new file is complete, before it replaces the old one.</param>
    /// <exception cref="CheckpointException">
    /// The file cannot be written, or its weights do not match its model; an old file is unchanged.
    /// </exception>
    public static void Write(string path, PairCheckpoint model, Action? replacing = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        CheckpointFile.CheckWeights(path, model.Weights, model.Config.Shapes(model.Source, model.Target));
        var metadata = new Dictionary<string, string>(CheckpointMetadata.WriteFormat(), StringComparer.Ordinal)
        {
            [ModelKind.Key] = model.Config.Kind,
            ["model"] = CheckpointMetadata.WritePart<object>(model.Config),
            ["training"] = CheckpointMetadata.WritePart(model.Training),
            ["source"] = CheckpointMetadata.WriteVocab(model.Source),
            ["target"] = CheckpointMetadata.WriteVocab(model.Target),
            ["corpus"] = CheckpointMetadata.WritePart(model.Corpus),
            ["figures"] = CheckpointMetadata.WritePart(model.Progress),
        };
        CheckpointMetadata.WriteCell(metadata, model.Config.Model);
        if (model.Resume is not null)
            metadata[CheckpointMetadata.ResumeKey] = CheckpointMetadata.WritePart(model.Resume);
        ChecksummedFile.Write(path, metadata, SafetensorsFile.InOrder(ResumeTensors.Beside(model.Weights, model.Resume)), replacing);
    }

    /// <summary>Reads a model; everything is checked before the weights are allocated.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">Any configuration of the required kind.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static PairCheckpoint Read(string path, PairConfig wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return SafetensorsFile.Read(path, stream =>
        {
            byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
            SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
            IReadOnlyDictionary<string, string> metadata = header.Metadata;
            CheckpointMetadata.CheckFormat(metadata);
            string kind = metadata.GetValueOrDefault(ModelKind.Key, ModelKind.LanguageModel);
            if (kind != wanted.Kind)
                throw new FormatException($"holds a {kind}, not a {wanted.Kind}");
            var config = (PairConfig)CheckpointMetadata.Part(metadata, "model", wanted.GetType());
            CheckpointMetadata.CheckCell(metadata, config.Model);
            TrainerConfig training = CheckpointMetadata.Part<TrainerConfig>(metadata, "training");
            ResumeState? resume = CheckpointMetadata.PartOrNull<ResumeState>(metadata, CheckpointMetadata.ResumeKey);
            CheckpointMetadata.Check(config.Errors().Concat(training.Errors()).Concat(resume?.Errors() ?? []));
            Vocab source = CheckpointMetadata.ReadVocab(metadata, "source"), target = CheckpointMetadata.ReadVocab(metadata, "target");
            IReadOnlyDictionary<string, long[]> shapes = config.Shapes(source, target);
            Dictionary<string, WeightArray> weights = CheckpointFile.ReadWeights(
                stream, headerBytes, header, shapes, tensor => resume is not null && ResumeTensors.IsMomentOf(tensor, shapes));
            return new PairCheckpoint
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

/// <summary>A trained classifier or translator with everything needed to use it.</summary>
/// <remarks>Thread safety: any number of threads, while nobody changes the arrays of its weights.</remarks>
public sealed record PairCheckpoint : IRunCheckpoint
{
    /// <summary>The configuration of the model.</summary>
    public required PairConfig Config { get; init; }

    /// <summary>Tokens of the sources.</summary>
    public required Vocab Source { get; init; }

    /// <summary>Labels, or tokens of the targets.</summary>
    public required Vocab Target { get; init; }

    /// <summary>The configuration of its training.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>The file it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <summary>The progress of training when it was saved.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>The weights, keyed by name.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>The state needed to resume training exactly; null when the model is only for use.</summary>
    public ResumeState? Resume { get; init; }
}
