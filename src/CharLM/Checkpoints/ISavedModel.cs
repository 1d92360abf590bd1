using CharLM.Checkpoints.Safetensors;
using CharLM.Models;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>
/// What the file of a model holds, whatever kind of model it is: <see cref="Checkpoint"/> or <see cref="NGramCheckpoint"/>.
/// </summary>
public interface ISavedModel
{
    /// <summary>How its text became token ids.</summary>
    TextConfig Text { get; }

    /// <summary>Token to id and back.</summary>
    Vocab Vocab { get; }

    /// <summary>Which text it was trained on.</summary>
    CorpusRecord Corpus { get; }

    /// <summary>
    /// A sketch of all that it was trained on, what was held out not included; null where nobody knows: of imported models, of files
    /// that older toolkits wrote, and of what went on from such.
    /// </summary>
    TextSketch? TrainedText { get; }

    /// <summary>What training had reached.</summary>
    TrainingProgress Progress { get; }

    /// <summary>
    /// What training read and held out of its text; of another text, the tokens at the same places.
    /// </summary>
    /// <param name="tokens">Tokens of the whole text.</param>
    TextParts PartsOf(long tokens) => TextParts.Of(tokens, Text);

    /// <summary>The model, ready to predict by whatever computes it fastest; the caller disposes it.</summary>
    /// <param name="device">Where it shall compute; default the CPU.</param>
    /// <param name="threads">Threads of one operation; default 0: chosen.</param>
    ILanguageModel Open(Device? device = null, int threads = 0);
}

/// <summary>Reads the files of models of all kinds.</summary>
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
}
