using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using CharLM.Checkpoints;
using TorchSharp;
using TorchSharp.PyBridge;
using static TorchSharp.torch;

namespace CharLM.Workbench.PyTorch;

/// <summary>Writes state dicts in torch.save's format, through TorchSharp.PyBridge.</summary>
internal static class PyTorchExport
{
    private const string MetadataRecord = "model/charlm.json"; // read back by charlm import; PyTorch ignores it

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a file atomically.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an existing one is unchanged.</exception>
    public static void Write(string path, StateDict state)
    {
        using DisposeScope scope = NewDisposeScope();
        // In the dictionary's order, which the pickle preserves.
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
            string old = File.Exists(path) ? "; the existing file is unchanged" : "";
            throw new CheckpointException(path, $"cannot be written: {e.Message}{old}", e);
        }
    }
}
