using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Long short-term memory. With the sum s of each gate, in PyTorch's order i, f, g, o:
/// <code>
/// I = sigmoid(s_i)   F = sigmoid(s_f)   G = tanh(s_g)   O = sigmoid(s_o)
/// C' = F C + I G
/// H' = O tanh(C')
/// </code>
/// </summary>
internal readonly unsafe struct LstmCell : ICell
{
    public static int Gates => 4;

    public static int Groups => 4;

    public static bool HasCellState => true;

    public static int InputGroup(int gate) => gate;

    public static int HiddenGroup(int gate) => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<L>(float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter)
        where L : struct, ISimdVector<L>
    {
        L I = VectorMath.Sigmoid(L.Load(groups));
        L F = VectorMath.Sigmoid(L.Load(groups + stride));
        L G = VectorMath.Tanh(L.Load(groups + (2 * stride)));
        L O = VectorMath.Sigmoid(L.Load(groups + (3 * stride)));
        L C = L.MultiplyAdd(F, L.Load(cellBefore), I * G);
        L.Store(I, groups);
        L.Store(F, groups + stride);
        L.Store(G, groups + (2 * stride));
        L.Store(O, groups + (3 * stride));
        L.Store(C, cellAfter);
        L.Store(O * VectorMath.Tanh(C), after);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<L>(
        float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter, float* dAfter, float* dHidden,
            float* dCell)
        where L : struct, ISimdVector<L>
    {
        L one = L.All(1);
        L I = L.Load(groups), F = L.Load(groups + stride), G = L.Load(groups + (2 * stride)), O = L.Load(groups + (3 * stride));
        L tanhC = VectorMath.Tanh(L.Load(cellAfter));
        L dH = L.Load(dAfter) + L.Load(dHidden);
        L dC = L.MultiplyAdd(dH * O, one - (tanhC * tanhC), L.Load(dCell));
        L.Store(dC * G * I * (one - I), groups);
        L.Store(dC * L.Load(cellBefore) * F * (one - F), groups + stride);
        L.Store(dC * I * (one - (G * G)), groups + (2 * stride));
        L.Store(dH * tanhC * O * (one - O), groups + (3 * stride));
        L.Store(dC * F, dCell);
        L.Store(L.All(0), dHidden);
    }
}
