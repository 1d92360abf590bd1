using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Gated recurrent unit with the reset gate applied after the product, as in PyTorch. The candidate's two sums are kept separate: the
/// one from the input (s_n) and the one from the hidden state (s_h):
/// <code>
/// R = sigmoid(s_r)   Z = sigmoid(s_z)   N = tanh(s_n + R s_h)
/// H' = (1 - Z) N + Z H
/// </code>
/// </summary>
internal readonly unsafe struct GruCell : ICell
{
    private const int Candidate = 2, CandidateFromHidden = 3;

    public static int Gates => 3;

    public static int Groups => 4;

    public static bool HasCellState => false;

    public static int InputGroup(int gate) => gate;

    public static int HiddenGroup(int gate) => gate == Candidate ? CandidateFromHidden : gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<L>(float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter)
        where L : struct, ISimdVector<L>
    {
        L R = VectorMath.Sigmoid(L.Load(groups));
        L Z = VectorMath.Sigmoid(L.Load(groups + stride));
        L N = VectorMath.Tanh(L.MultiplyAdd(R, L.Load(groups + (CandidateFromHidden * stride)), L.Load(groups + (Candidate * stride))));
        L.Store(R, groups);
        L.Store(Z, groups + stride);
        L.Store(N, groups + (Candidate * stride));
        L.Store(L.MultiplyAdd(Z, L.Load(before) - N, N), after);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<L>(
        float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter, float* dAfter, float* dHidden,
            float* dCell)
        where L : struct, ISimdVector<L>
    {
        L one = L.All(1);
        L R = L.Load(groups), Z = L.Load(groups + stride), N = L.Load(groups + (Candidate * stride)),
            fromHidden = L.Load(groups + (CandidateFromHidden * stride));
        L dH = L.Load(dAfter) + L.Load(dHidden);
        L dN = dH * (one - Z) * (one - (N * N));
        L.Store(dN * fromHidden * R * (one - R), groups);
        L.Store(dH * (L.Load(before) - N) * Z * (one - Z), groups + stride);
        L.Store(dN, groups + (Candidate * stride));
        L.Store(dN * R, groups + (CandidateFromHidden * stride));
        L.Store(dH * Z, dHidden);
    }
}
