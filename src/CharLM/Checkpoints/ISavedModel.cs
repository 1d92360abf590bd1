using CharLM.Checkpoints.Safetensors;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Quantized;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>The content of a model's file, for any kind of model: <see cref="Checkpoint"/> or <see cref="NGramCheckpoint"/>.</summary>
/// <remarks>Thread safety: any number of threads, while nobody changes the arrays of its weights.</remarks>
public interface ISavedModel
{
    /// <summary>How its text became token ids.</summary>
    TextConfig Text { get; }

    /// <summary>Token to id and back.</summary>
    Vocab Vocab { get; }

    /// <summary>The text it was trained on.</summary>
    CorpusRecord Corpus { get; }

    /// <summary>
    /// A sketch of everything it was trained on, without held-out text; null when unknown: for imported models, for files that older
    /// toolkits wrote, and for models that were trained further from those.
    /// </summary>
    TextSketch? TrainedText { get; }

    /// <summary>The progress of training when it was saved.</summary>
    TrainingProgress Progress { get; }

    /// <summary>Whether <see cref="ModelFile.OpenWithoutTorch"/> opens it.</summary>
    internal bool OpensWithoutTorch => this is NGramCheckpoint || (this is Checkpoint checkpoint && FusedModel.Computes(checkpoint.Model));

    /// <summary>The parts of its text that training read and held out; for another text, the same positions.</summary>
    /// <param name="tokens">Tokens of the whole text.</param>
    TextParts PartsOf(long tokens) => TextParts.Of(tokens, Text);

    /// <summary>Opens the model for prediction with its fastest implementation; the caller disposes it.</summary>
    /// <param name="device">The device; default the CPU.</param>
    /// <param name="threads">Threads per operation; default 0: chosen.</param>
    ILanguageModel Open(Device? device = null, int threads = 0);
}

/// <summary>Reads the files of models of all kinds.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
public static class ModelFile
{
    /// <summary>Reads a model; everything is checked before it is used.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or from a newer toolkit.</exception>
    public static ISavedModel Read(string path) => SafetensorsFile.Read<ISavedModel>(path, stream =>
    {
        bool countsNGrams = NGramFile.IsNGram(SafetensorsHeader.Read(stream).Metadata);
        stream.Position = 0;
        return countsNGrams ? NGramFile.Read(stream) : CheckpointFile.Read(stream);
    });

    /// <summary>
    /// Opens a model for prediction on the CPU without loading torch, which takes longer than reading the model; null if torch is needed.
    /// </summary>
    /// <param name="saved">The model.</param>
    /// <param name="threads">Threads; default 0: chosen.</param>
    /// <param name="bits">How many bits each weight has; default all.</param>
    /// <exception cref="InvalidConfigException">The model's weights cannot be rounded to fewer bits.</exception>
    internal static ILanguageModel? OpenWithoutTorch(this ISavedModel saved, int threads = 0, WeightBits bits = WeightBits.Full)
    {
        if (bits != WeightBits.Full && !(saved is Checkpoint && saved.OpensWithoutTorch))
            throw new InvalidConfigException(
                [$"weights of {Choices.NameOf(bits)} are for the standard rnn, gru and lstm, in one direction and without attention: take "
                    + "full"]);
        return saved switch
        {
            Checkpoint checkpoint => checkpoint.OpenWithoutTorch(threads, bits),
            NGramCheckpoint counted => counted.Model,
            _ => null,
        };
    }
}
