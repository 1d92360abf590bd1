using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using CharLM.Checkpoints;
using TorchSharp;
using TorchSharp.PyBridge;
using static TorchSharp.torch;

namespace CharLM.Workbench.PyTorch;

/// <summary>Writes state dicts as torch.save does, through TorchSharp.PyBridge.</summary>
internal static class PyTorchExport
{
    private const string MetadataRecord = "model/charlm.json"; // the library reads it back; PyTorch passes it over

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a file; there is a whole one or none.</summary>
    /// <exception cref="CheckpointException">It cannot be written; an old one is as it was.</exception>
    public static void Write(string path, StateDict state)
    {
        using DisposeScope scope = NewDisposeScope();
        // In its order, which the pickle keeps.
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, WeightArray weight) in state.Weights)
            tensors[name] = tensor(weight.Values, [.. weight.Shape]);
        try
        {
            using var whole = new MemoryStream();
            PyTorchPickler.PickleStateDict(whole, tensors, leaveOpen: true);
            using (var archive = new ZipArchive(whole, ZipArchiveMode.Update, leaveOpen: true))
            {
                using Stream record = archive.CreateEntry(MetadataRecord).Open();
                JsonSerializer.Serialize(record, state.Metadata, Json);
            }
            whole.Position = 0;
            AtomicFile.Write(path, whole.CopyTo);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string old = File.Exists(path) ? "; the file that was there is untouched" : "";
            throw new CheckpointException(path, $"cannot be written: {e.Message}{old}", e);
        }
    }
}
