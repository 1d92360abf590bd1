using CharLM.Checkpoints.Safetensors;

namespace CharLM.Checkpoints;

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
