using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>What an optimizer gathers about one parameter.</summary>
public abstract class OptimizerState
{
    protected Parameter _parameter;

    protected OptimizerState(Parameter parameter) => _parameter = parameter;

    /// <summary>The state before the first step.</summary>
    public abstract void Initialize(OptimizerOptions options);

    public abstract void LoadStateDict(OptimizerState source);

    public abstract void LoadStateDict(BinaryReader reader);

    public abstract void SaveStateDict(BinaryWriter writer);

    public virtual void to(Device device)
    {
    }

    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    protected static void SaveConditionalStateTensor(BinaryWriter writer, Tensor? tensor)
    {
        writer.Write(tensor is not null);
        tensor?.Save(writer);
    }

    [SuppressMessage("Design", "CA1045", Justification = "A signature of TorchSharp.")]
    protected static void LoadConditionalStateTensor(BinaryReader reader, ref Tensor? result, Device device)
    {
        if (reader.ReadBoolean())
        {
            Replace(ref result, TensorExtensionMethods.Load(reader).to(device, disposeAfter: true));
        }
        else
        {
            result?.Dispose();
            result = null;
        }
    }

    // --- for the states of this binding

    /// <summary>Zeros like the parameter, outside every dispose scope.</summary>
    internal Tensor Zeros() => _parameter.zeros_like();

    internal static bool Close(Tensor? own, Tensor? other) => own is null || other is null ? own is null && other is null : own.allclose(other);

    internal static void Replace(ref Tensor? target, Tensor? value)
    {
        target?.Dispose();
        target = value?.DetachFromDisposeScope();
    }
}
