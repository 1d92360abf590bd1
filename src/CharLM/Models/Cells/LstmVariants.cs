using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// The original long short-term memory (Hochreiter and Schmidhuber, Long Short-Term Memory, 1997), without a forget gate: the cell state
/// only accumulates, the constant error carousel. Gates are in the order input, candidate, output.
/// </summary>
/// <remarks>
/// <para>
/// Both squashing functions are tanh, as in all later papers; the 1997 paper scaled logistic functions to [-2, 2] and [-1, 1], that is,
/// 2 tanh(x/2) and tanh(x/2).
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its
/// weights.</para>
/// </remarks>
internal sealed class LstmWithoutForgetGate(int inputSize, int hiddenSize) : GatedCell(inputSize, hiddenSize, gates: 3, numStates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor H, Tensor C) = (states[0], states[1]);
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(3, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor G = tanh(gates[1]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[2]);           // output gate     [batch, hidden]
        C = Add(C, I * G);
        return [O * tanh(C), C];
    }
}

/// <summary>
/// Long short-term memory with coupled input and forget gates, f = 1 - i (Greff et al., LSTM: A Search Space Odyssey, 2017, CIFG). Gates
/// are in the order input, candidate, output.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class CoupledLstm(int inputSize, int hiddenSize) : GatedCell(inputSize, hiddenSize, gates: 3, numStates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor H, Tensor C) = (states[0], states[1]);
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(3, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor G = tanh(gates[1]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[2]);           // output gate     [batch, hidden]
        C = Add(OneMinus(I) * C, I * G);
        return [O * tanh(C), C];
    }
}

/// <summary>
/// Long short-term memory whose hidden state is not squashed: h = o * c (Dive into Deep Learning v0.17, 9.2, exercise 4; Greff et al.
/// 2017, no output activation function). Gates are in PyTorch's order: input, forget, candidate, output.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class LstmWithoutOutputTanh(int inputSize, int hiddenSize) : GatedCell(inputSize, hiddenSize, gates: 4, numStates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor H, Tensor C) = (states[0], states[1]);
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(4, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor F = sigmoid(gates[1]);           // forget gate     [batch, hidden]
        Tensor G = tanh(gates[2]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[3]);           // output gate     [batch, hidden]
        C = Add(F * C, I * G);
        return [O * C, C];
    }
}

/// <summary>
/// Long short-term memory with peepholes (Gers and Schmidhuber, Recurrent Nets that Time and Count, 2000; LSTM Recurrent
/// Networks Learn Simple Context Free and Context Sensitive Languages, 2001): each gate also reads its cell's state, the input and forget
/// gates before the update, the output gate after. Gates are in PyTorch's order: input, forget, candidate, output.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class PeepholeLstm : GatedCell
{
    /// <summary>Creates a cell; its peephole weights weight_ci, weight_cf and weight_co, each [hidden], start at zero.</summary>
    public PeepholeLstm(int inputSize, int hiddenSize)
        : base(inputSize, hiddenSize, gates: 4, numStates: 2)
    {
        foreach (string gate in new[] { "ci", "cf", "co" })
            register_parameter($"weight_{gate}", NewBias(hiddenSize));
    }

    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor H, Tensor C) = (states[0], states[1]);
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(4, dim: -1);
        Tensor I = sigmoid(Add(gates[0], Named("weight_ci") * C));      // input gate      [batch, hidden]
        Tensor F = sigmoid(Add(gates[1], Named("weight_cf") * C));  // forget gate     [batch, hidden]
        Tensor G = tanh(gates[2]);                  // candidate cell  [batch, hidden]
        C = Add(F * C, I * G);
        Tensor O = sigmoid(Add(gates[3], Named("weight_co") * C));  // output gate     [batch, hidden]
        return [O * tanh(C), C];
    }
}
