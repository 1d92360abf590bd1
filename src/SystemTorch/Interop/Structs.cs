using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>A number of any kind; two registers wide.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct Number
{
    private const long Integer = 0, Real = 1, Truth = 2;

    private readonly long _kind;
    private readonly long _bits;

    private Number(long kind, long bits) => (_kind, _bits) = (kind, bits);

    internal static Number One => new(Integer, 1);

    internal torch.ScalarType Type => _kind switch
    {
        Integer => torch.ScalarType.Int64,
        Real => torch.ScalarType.Float64,
        _ => torch.ScalarType.Bool,
    };

    internal long AsInt64 => _kind == Real ? (long)BitConverter.Int64BitsToDouble(_bits) : _bits;

    internal double AsDouble => _kind == Real ? BitConverter.Int64BitsToDouble(_bits) : _bits;

    internal bool AsBoolean => _kind == Real ? BitConverter.Int64BitsToDouble(_bits) != 0 : _bits != 0;

    public static implicit operator Number(long value) => new(Integer, value);

    public static implicit operator Number(double value) => new(Real, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Number(bool value) => new(Truth, value ? 1 : 0);
}

/// <summary>Where and how a new tensor is made; -1 leaves the choice to libtorch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct Options(torch.ScalarType? dtype, torch.Device? device, bool requiresGrad)
{
    private readonly int _dtype = dtype is { } type ? (int)type : -1;
    private readonly int _deviceType = device is null ? -1 : (int)device.type;
    private readonly int _deviceIndex = device?.index ?? -1;
    private readonly int _requiresGrad = requiresGrad ? 1 : 0;

    /// <summary>Options of a tensor made from nothing: TorchSharp fills in its defaults itself.</summary>
    internal static Options New(torch.ScalarType? dtype, torch.Device? device, bool requiresGrad) =>
        new(dtype ?? torch.get_default_dtype(), torch.InitializeDevice(device), requiresGrad);
}

/// <summary>One component of an index expression.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexItem
{
    /// <summary>An absent bound of a slice.</summary>
    internal const long Absent = long.MinValue;

    internal long Kind;
    internal long Start, Stop, Step;
    internal nint Tensor;
}

/// <summary>The shape of a stack of recurrent layers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentOptions
{
    internal int NumLayers, HasBiases, Training, Bidirectional, BatchFirst;
    internal double Dropout;
}

/// <summary>What a node of the graph calls back.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ManagedCallbacks
{
    internal delegate* unmanaged<void*, nint*, int, nint*, int, byte*> Apply;
    internal delegate* unmanaged<void*, void> Release;
}
