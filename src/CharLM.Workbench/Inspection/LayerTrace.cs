using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Cells;

namespace CharLM.Workbench.Inspection;

/// <summary>Computes one layer by its equations (as in CustomRnn, CustomGru and CustomLstm) and keeps all values.</summary>
internal sealed class LayerTrace
{
    private readonly ModelConfig _model;
    private readonly int _layer, _hidden;
    private readonly float[] _weightIn, _weightHidden, _biasIn, _biasHidden;
    private readonly float[] _fromInput, _fromHidden, _state, _cell;
    private readonly float[][] _parts;

    /// <summary>Creates a layer in the zero state.</summary>
    public LayerTrace(Checkpoint checkpoint, int layer, int tokens)
    {
        (_model, _layer, _hidden) = (checkpoint.Model, layer, checkpoint.Model.NumHiddens);
        (_weightIn, _weightHidden) = (Weight("weight_ih"), Weight("weight_hh"));
        // A reservoir has one bias.
        (_biasIn, _biasHidden) = (Weight("bias_ih"), _model.Cell == CellKind.Esn ? new float[_hidden] : Weight("bias_hh"));
        (_fromInput, _fromHidden) = (new float[_biasIn.Length], new float[_biasIn.Length]);
        (_state, _cell) = (new float[_hidden], new float[_hidden]);
        _parts = [.. Enumerable.Range(0, PartsOf(_model.Cell)).Select(_ => new float[tokens * _hidden])];

        float[] Weight(string name) => checkpoint.Weights[$"rnn.{name}_l{layer}"].Values;
    }

    /// <summary>The number of recorded parts of a layer.</summary>
    public static int PartsOf(CellKind cell) => NamesOf(cell).Length;

    /// <summary>Reads a one-hot token: selects a column of the weights.</summary>
    /// <returns>The hidden state after it.</returns>
    public ReadOnlySpan<float> StepOneHot(int step, int id)
    {
        int columns = _weightIn.Length / _biasIn.Length;
        for (int row = 0; row < _fromInput.Length; row++)
            _fromInput[row] = _weightIn[(row * columns) + id] + _biasIn[row];
        return Step(step);
    }

    /// <summary>Reads an input vector.</summary>
    /// <returns>The hidden state after it.</returns>
    public ReadOnlySpan<float> Step(int step, ReadOnlySpan<float> input)
    {
        Multiply(_weightIn, input, _biasIn, _fromInput);
        return Step(step);
    }

    /// <summary>The recorded activations.</summary>
    public IEnumerable<ActivationSeries> Series() =>
        NamesOf(_model.Cell).Select((name, part) => new ActivationSeries($"layer {_layer + 1}, {name}", _hidden, _parts[part]));

    private static string[] NamesOf(CellKind cell) => cell switch
    {
        CellKind.Rnn or CellKind.Esn => ["hidden"],
        CellKind.Gru => ["hidden", "reset gate", "update gate"],
        CellKind.Lstm => ["hidden", "cell (tanh)", "input gate", "forget gate", "output gate"],
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "not a cell"),
    };

    private static void Multiply(float[] weight, ReadOnlySpan<float> vector, float[] bias, float[] result)
    {
        for (int row = 0; row < result.Length; row++)
            result[row] = bias[row] + Dot(weight.AsSpan(row * vector.Length, vector.Length), vector);
    }

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        float sum = 0;
        for (int i = 0; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    private ReadOnlySpan<float> Step(int step)
    {
        Multiply(_weightHidden, _state, _biasHidden, _fromHidden);
        Span<float> Kept(int part) => _parts[part].AsSpan(step * _hidden, _hidden);
        switch (_model.Cell)
        {
            case CellKind.Rnn:
                StepRnn();
                break;
            case CellKind.Esn:
                StepReservoir();
                break;
            case CellKind.Gru:
                StepGru(Kept(1), Kept(2));
                break;
            case CellKind.Lstm:
                StepLstm(Kept(1), Kept(2), Kept(3), Kept(4));
                break;
        }
        _state.CopyTo(Kept(0));
        return _state;
    }

    private void StepReservoir()
    {
        float leak = (float)_model.EffectiveLeakRate;
        for (int i = 0; i < _hidden; i++)
            _state[i] = ((1 - leak) * _state[i]) + (leak * MathF.Tanh(_fromInput[i] + _fromHidden[i]));
    }

    private void StepRnn()
    {
        for (int i = 0; i < _hidden; i++)
        {
            float sum = _fromInput[i] + _fromHidden[i];
            _state[i] = _model.RnnActivation == RnnActivation.Relu ? MathF.Max(0, sum) : MathF.Tanh(sum);
        }
    }

    // Gates in PyTorch's order: reset, update, candidate.
    private void StepGru(Span<float> reset, Span<float> update)
    {
        for (int i = 0; i < _hidden; i++)
        {
            reset[i] = Sigmoid(_fromInput[i] + _fromHidden[i]);
            update[i] = Sigmoid(_fromInput[_hidden + i] + _fromHidden[_hidden + i]);
        }
        int candidates = 2 * _hidden;
        if (_model.EffectiveGruForm == GruForm.ResetBefore)
        {
            var resetState = new float[_hidden];
            for (int i = 0; i < _hidden; i++)
                resetState[i] = reset[i] * _state[i];
            for (int i = candidates; i < _fromHidden.Length; i++)
                _fromHidden[i] = _biasHidden[i] + Dot(_weightHidden.AsSpan(i * _hidden, _hidden), resetState);
        }
        for (int i = 0; i < _hidden; i++)
        {
            float fromHidden = _fromHidden[candidates + i] * (_model.EffectiveGruForm == GruForm.ResetBefore ? 1 : reset[i]);
            float candidate = MathF.Tanh(_fromInput[candidates + i] + fromHidden);
            _state[i] = (update[i] * _state[i]) + ((1 - update[i]) * candidate);
        }
    }

    // Gates in PyTorch's order: input, forget, candidate, output.
    private void StepLstm(Span<float> cell, Span<float> input, Span<float> forget, Span<float> output)
    {
        for (int i = 0; i < _hidden; i++)
        {
            input[i] = Sigmoid(_fromInput[i] + _fromHidden[i]);
            forget[i] = Sigmoid(_fromInput[_hidden + i] + _fromHidden[_hidden + i]);
            float candidate = MathF.Tanh(_fromInput[(2 * _hidden) + i] + _fromHidden[(2 * _hidden) + i]);
            output[i] = Sigmoid(_fromInput[(3 * _hidden) + i] + _fromHidden[(3 * _hidden) + i]);
            _cell[i] = (forget[i] * _cell[i]) + (input[i] * candidate);
            cell[i] = MathF.Tanh(_cell[i]);
            _state[i] = output[i] * cell[i];
        }
    }
}
