using TorchSharp.Utils;

namespace TorchSharp;

// TorchSharp's own file format: element type, number of dimensions, sizes, bytes.
public static partial class TensorExtensionMethods
{
    public static void Save(this torch.Tensor tensor, string location)
    {
        using FileStream stream = File.Create(location);
        tensor.Save(stream);
    }

    public static void Save(this torch.Tensor tensor, Stream stream)
    {
        using BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        tensor.Save(writer);
    }

    public static void Save(this torch.Tensor tensor, BinaryWriter writer)
    {
        writer.Encode((long)tensor.dtype);
        long[] shape = tensor.shape;
        writer.Encode(shape.Length);
        foreach (long size in shape)
        {
            writer.Encode(size);
        }
        using torch.Tensor contiguous = tensor.contiguous().DetachFromDisposeScope();
        writer.Write(contiguous.bytes);
    }

    /// <summary>Reads values into a tensor of the same type and shape.</summary>
    /// <exception cref="ArgumentException">Type or shape differ.</exception>
    public static void Load(this torch.Tensor tensor, BinaryReader reader, bool skip = false)
    {
        using torch.Tensor loaded = Load(reader).DetachFromDisposeScope();
        if (loaded.dtype != tensor.dtype)
        {
            throw new ArgumentException($"Mismatched tensor data types while loading: expected {tensor.dtype}, but found {loaded.dtype}.");
        }
        if (!loaded.shape.SequenceEqual(tensor.shape))
        {
            throw new ArgumentException(
                $"Mismatched tensor shape while loading: expected [{string.Join(", ", tensor.shape)}], but found [{string.Join(", ", loaded.shape)}].");
        }
        if (!skip)
        {
            using (torch.no_grad())
            {
                tensor.copy_(loaded);
            }
        }
    }

    /// <summary>Reads into a tensor; where there is none, or one of another type or shape, a new one takes its place.</summary>
    public static void Load(ref torch.Tensor? tensor, BinaryReader reader, bool skip = false)
    {
        torch.Tensor loaded = Load(reader);
        if (skip)
        {
            loaded.Dispose();
            return;
        }
        tensor?.Dispose();
        tensor = loaded;
    }

    /// <summary>Reads a new tensor; with <paramref name="skip"/> only past it.</summary>
    public static torch.Tensor Load(BinaryReader reader, bool skip = false)
    {
        torch.ScalarType type = (torch.ScalarType)reader.Decode();
        long[] shape = new long[reader.Decode()];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = reader.Decode();
        }
        torch.Tensor tensor = torch.empty(shape, type);
        reader.BaseStream.ReadExactly(tensor.bytes);
        if (skip)
        {
            tensor.Dispose();
            return null!;
        }
        return tensor;
    }
}

public static partial class torch
{
    public static void save(Tensor t, string location) => t.save(location);

    public static Tensor load(string location) => Tensor.load(location);

    public partial class Tensor
    {
        public static Tensor Load(string location)
        {
            using FileStream stream = File.OpenRead(location);
            return Load(stream);
        }

        public static Tensor Load(Stream stream)
        {
            using BinaryReader reader = new(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            return Load(reader);
        }

        public static Tensor Load(BinaryReader reader) => TensorExtensionMethods.Load(reader);

        public static Tensor load(string location) => Load(location);

        public void save(string location) => this.Save(location);

        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            using Tensor contiguous = this.contiguous().DetachFromDisposeScope();
            stream.Write(contiguous.bytes);
        }

        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024) => stream.ReadExactly(bytes);
    }
}
