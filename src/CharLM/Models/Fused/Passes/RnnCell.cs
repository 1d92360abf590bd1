using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Elman's network, H' = f(s). The derivative of f follows from its value: 1 - H'^2 for tanh, 1 or 0 for relu.
/// </summary>
internal readonly unsafe struct RnnCell<TActivation> : ICell
    where TActivation : struct, IActivation
{
    public static int Gates => 1;

    public static int Groups => 1;

    public static bool HasCellState => false;

    public static int InputGroup(int gate) => gate;

    public static int HiddenGroup(int gate) => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<L>(float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter)
        where L : struct, ISimdVector<L> => L.Store(TActivation.Value(L.Load(groups)), after);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<L>(
        float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter, float* dAfter, float* dHidden,
            float* dCell)
        where L : struct, ISimdVector<L>
    {
        L.Store(TActivation.Gradient(L.Load(after), L.Load(dAfter) + L.Load(dHidden)), groups);
        L.Store(L.All(0), dHidden);
    }
}
