using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <summary>A layer of one kind of cell, for one register width.</summary>
/// <remarks>
/// Forward, for each step and each 32 units: the hidden state's product is computed tile by tile, added to the input's contribution to
/// the gates (for tokens, rows of a table; for a dense input, one earlier product over the current steps), and the cell's equations are
/// applied while these values are still in the first-level cache. Backward, from the last step to the first: the cell's derivatives turn
/// the gates into gradients of their sums, in place, and one product propagates those to the previous hidden state. The gradient of the
/// input is computed at once for the current steps, those of weights and biases for all steps.
/// </remarks>
internal sealed unsafe partial class CellPass<L, TCell> : LayerPass
    where L : struct, ISimdVector<L>
    where TCell : struct, ICell
{
    private readonly RawLayer _weights;
    private readonly int _inputWidth;
    private readonly TokenRows? _tokens;

    // Weights in the layout of the products: [depth, columns].
    private readonly PanelBuffer _hiddenForward, _hiddenBackward, _inputForward, _inputBackward;
    private readonly PanelBuffer _bias;
    private readonly WeightDropout? _weightDropout;

    // Gradients of the weights in panels, of each part of the rows, before their sums are copied to torch's layout.
    private PanelBuffer _hiddenGradient = new(1), _inputGradient = new(1), _biasGradient = new(1);

    private PanelBuffer _tokenTable = new(1), _tokenGradient = new(1);
    private PanelBuffer _gates = new(1), _hidden = new(1), _cell = new(1), _state = new(1), _stateGradient = new(1);
    private float[] _gradientScales = [];
    private int _batch, _steps;
    private bool _scalesGradients;

    /// <summary>A layer.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="hidden">Hidden units.</param>
    /// <param name="inputWidth">Width of a dense input; 0 when the input is tokens.</param>
    /// <param name="tokens">The tokens, if they are the input; else null.</param>
    /// <param name="weightDropout">The probability of dropping a hidden-to-hidden weight.</param>
    public CellPass(RawLayer weights, int hidden, int inputWidth, TokenRows? tokens, double weightDropout)
    {
        (_weights, Hidden, _inputWidth, _tokens) = (weights, hidden, inputWidth, tokens);
        int all = TCell.Gates * Width;
        _hiddenForward = new PanelBuffer(Width, all);
        _hiddenBackward = new PanelBuffer(all, Width);
        _bias = new PanelBuffer(TCell.Groups * Width);
        if (weightDropout > 0)
            _weightDropout = new WeightDropout(weights.HiddenToGates, hidden, weightDropout);
        int input = tokens is null ? Panels.Pad(inputWidth) : 0;
        _inputForward = new PanelBuffer(input, all);
        _inputBackward = new PanelBuffer(all, input);
    }

    public override int Hidden { get; }

    public override Panels Outputs => Before(_hidden);

    public override Panels HiddenState => new(_state.Data, _batch, Width);

    public override Panels CellState => new(_state.Data + ((nint)_batch * Width), TCell.HasCellState ? _batch : 0, Width);

    public override Panels HiddenStateGradient => new(_stateGradient.Data, Carried.Rows, Width);

    public override Panels CellStateGradient =>
        new(_stateGradient.Data + ((nint)Carried.Rows * Width), TCell.HasCellState ? Carried.Rows : 0, Width);

    private int Width => Panels.Pad(Hidden);

    private int Units => Width / Panels.Width;

    private static long StatesOfCell => TCell.HasCellState ? 2 : 1;

    private RowLayout Layout => new(_batch, _steps);

    private RowLayout Carried => RowLayout.OfCarried(_batch);

    private int Rows => Layout.Rows;

    private Panels Gates => new(_gates.Data, Rows, TCell.Groups * Width);

    private Panels Bias => new(_bias.Data, 1, TCell.Groups * Width);

    private Panels TokenTable => new(_tokenTable.Data, _tokens!.Capacity, TCell.Gates * Width);

    private Panels TokenGradient => new(_tokenGradient.Data, RowLayout.MostParts * _tokens!.Capacity, TCell.Gates * Width);

    private Panels HiddenGradient => new(_hiddenGradient.Data, RowLayout.MostParts * TCell.Gates * Width, Width);

    private Panels InputGradient => new(_inputGradient.Data, RowLayout.MostParts * TCell.Gates * Width, Panels.Pad(_inputWidth));

    public override void Resize(int batch, int steps)
    {
        bool keepsState = batch == _batch;
        (_batch, _steps) = (batch, steps);
        _gates = PanelBuffer.Grow(_gates, (long)Rows * TCell.Groups * Width);
        _hidden = PanelBuffer.Grow(_hidden, (long)Rows * Width);
        if (TCell.HasCellState)
            _cell = PanelBuffer.Grow(_cell, (long)Rows * Width);
        if (!keepsState)
        {
            _state = PanelBuffer.Grow(_state, StatesOfCell * batch * Width);
            _stateGradient = PanelBuffer.Grow(_stateGradient, StatesOfCell * Carried.Rows * Width);
            new Span<float>(_state.Data, (int)_state.Length).Clear();
        }
        if (_tokens is not null)
        {
            _tokenTable = PanelBuffer.Grow(_tokenTable, (long)_tokens.Capacity * TCell.Gates * Width);
        }
    }

    public override void ResizeGradients()
    {
        long weights = (long)RowLayout.MostParts * TCell.Gates * Width;
        _hiddenGradient = PanelBuffer.Grow(_hiddenGradient, weights * Width);
        _biasGradient = PanelBuffer.Grow(_biasGradient, RowLayout.MostParts * TCell.Groups * Width);
        if (_tokens is null)
            _inputGradient = PanelBuffer.Grow(_inputGradient, weights * Panels.Pad(_inputWidth));
        else
            _tokenGradient = PanelBuffer.Grow(_tokenGradient, weights * _tokens.Capacity);
    }

    public override void Rearrange(ReadOnlySpan<int> rows, int batch)
    {
        // Nothing was read since the state was set to zero, and resizing for another batch keeps it zero.
        if (batch != _batch)
            return;
        Panels hidden = HiddenState, cell = CellState;
        PanelBuffer before = _state;
        _state = new PanelBuffer(StatesOfCell * rows.Length * Width);
        _batch = rows.Length;
        _stateGradient = PanelBuffer.Grow(_stateGradient, StatesOfCell * Carried.Rows * Width);
        for (int row = 0; row < rows.Length; row++)
        {
            // New memory is zero, as a new row's state is.
            if (rows[row] == Predictor.NewRow)
                continue;
            CopyRows(hidden, rows[row], HiddenState, row, 1);
            CopyRows(cell, rows[row], CellState, row, 1);
        }
        before.Dispose();
    }

    public override void SetGradientScales(ReadOnlySpan<float> scales)
    {
        _scalesGradients = !scales.IsEmpty;
        if (_gradientScales.Length < scales.Length)
            _gradientScales = new float[scales.Length];
        scales.CopyTo(_gradientScales);
    }

    public override void DropWeights(ulong? key)
    {
        if (_weightDropout is not null)
            _weightDropout.Key = key;
    }

    public override void Pack(int task, int tasks, bool backward, bool tokensOnly)
    {
        foreach ((int gate, int unit, int count) in Share(task, tasks))
        {
            int panel = (gate * Units) + unit, first = (gate * Hidden) + (unit * Panels.Width), rows = RowsOf(unit, count);
            if (!tokensOnly)
            {
                float* recurrent = _weightDropout is null ? RowsFrom(_weights.HiddenToGates, first, Hidden)
                    : _weightDropout.Forward(first, rows);
                PackWeight(recurrent, Hidden, _hiddenForward, backward ? _hiddenBackward : null, panel, count, rows);
                PackBias(gate, unit, first, rows);
                if (_tokens is null)
                    PackWeight(RowsFrom(_weights.InputToGates, first, _inputWidth), _inputWidth, _inputForward,
                        backward ? _inputBackward : null, panel, count, rows);
            }
            if (_tokens is not null)
                PackTokens(gate, unit, first, rows);
        }
    }

    public override void Forward(Panels input, RowGrid rows)
    {
        if (rows.FirstStep == 0)
        {
            foreach (RowPiece piece in rows.Pieces)
            {
                CopyRows(HiddenState, piece.Sequence, Before(_hidden), piece.First, piece.Count);
                CopyRows(CellState, piece.Sequence, Before(_cell), piece.First, piece.Count);
            }
        }
        if (_tokens is null)
            BlockedGemm.Multiply<L>(
                input, rows.After, _inputForward.Matrix, Gates.Slice(0, TCell.Gates * Units), rows, SumStart.SameForAll(Bias));
        Panels gates = Gates, states = Before(_hidden), weights = _hiddenForward.Matrix;
        for (int step = 0; step < rows.Steps; step++)
        {
            RowGrid now = rows.Part(step, 1);
            for (int unit = 0; unit < Units; unit += 2)
            {
                for (int gate = 0; gate < TCell.Gates; gate++)
                {
                    Panels sums = gates.Slice((TCell.HiddenGroup(gate) * Units) + unit, 2);
                    BlockedGemm.Multiply<L>(states, now, weights.Slice((gate * Units) + unit, 2), sums, now, Start(gate, unit, sums));
                    if (_tokens is not null && TCell.InputGroup(gate) != TCell.HiddenGroup(gate))
                        PutTokens(gate, unit, now);
                }
                StepForward(unit, now);
                StepForward(unit + 1, now);
            }
        }
        if (rows.FirstStep + rows.Steps == _steps)
        {
            foreach (RowPiece piece in rows.Pieces)
            {
                CopyRows(Before(_hidden), piece.Row(rows.Steps), HiddenState, piece.Sequence, piece.Count);
                CopyRows(Before(_cell), piece.Row(rows.Steps), CellState, piece.Sequence, piece.Count);
            }
        }
    }

    public override void Backward(Panels outputGradient, Panels inputGradient, RowGrid rows)
    {
        Panels carried = HiddenStateGradient;
        for (int step = rows.Steps - 1; step >= 0; step--)
        {
            RowGrid now = rows.Part(step, 1);
            for (int unit = 0; unit < Units; unit++)
                StepBackward(outputGradient, unit, now);
            for (int gate = 0; gate < TCell.Gates; gate++)
            {
                Panels sums = Gates.Slice(TCell.HiddenGroup(gate) * Units, Units);
                BlockedGemm.MultiplyAdd<L>(sums, now, _hiddenBackward.Matrix.From(gate * Width), carried, now.Carried);
            }
            if (_scalesGradients)
            {
                Scale(HiddenStateGradient, now, _gradientScales[rows.FirstStep + step]);
                Scale(CellStateGradient, now, _gradientScales[rows.FirstStep + step]);
            }
        }
        if (_tokens is not null || inputGradient.Columns == 0)
            return;
        for (int gate = 0; gate < TCell.Gates; gate++)
        {
            SumStart start = gate == 0 ? SumStart.Zero : SumStart.With(inputGradient);
            BlockedGemm.Multiply<L>(
                Gates.Slice(TCell.InputGroup(gate) * Units, Units), rows, _inputBackward.Matrix.From(gate * Width), inputGradient,
                rows.After, start);
        }
    }

    public override void Dispose()
    {
        foreach (PanelBuffer buffer in new[]
        {
            _hiddenForward, _hiddenBackward, _hiddenGradient, _inputForward, _inputBackward, _inputGradient, _bias, _biasGradient,
            _tokenTable, _tokenGradient, _gates, _hidden, _cell, _state, _stateGradient,
        })
        {
            buffer.Dispose();
        }
        _weightDropout?.Dispose();
    }

    // The states before each step and after the last.
    private Panels Before(PanelBuffer states) => new(states.Data, states == _cell && !TCell.HasCellState ? 0 : Rows, Width);

    // The number of weight rows in some panels of units: fewer in the last, none in the padding.
    private int RowsOf(int unit, int count) => Math.Clamp(Hidden - (unit * Panels.Width), 0, count * Panels.Width);

    // A task's share of the panels of all gates.
    private WorkShare Share(int task, int tasks) => new(TCell.Gates, Units, task, tasks);

    private static float* RowsFrom(RawWeight weight, int first, int columns) => weight.Value + ((nint)first * columns);

    // Packs some rows of a weight as columns for the forward pass, and as rows for the backward pass.
    private static void PackWeight(float* source, int columns, PanelBuffer forward, PanelBuffer? backward, int panel, int count, int rows)
    {
        Packing.Transpose(source, columns, forward.Matrix.Slice(panel, count), rows);
        if (backward is not null)
            Packing.CopyRows(source, columns, backward.Matrix.From(panel * Panels.Width), rows);
    }

    private void PackBias(int gate, int unit, int first, int rows)
    {
        int inputGroup = TCell.InputGroup(gate), hiddenGroup = TCell.HiddenGroup(gate);
        float* input = _bias.Data + (((inputGroup * Units) + unit) * Panels.Width);
        float* hidden = _bias.Data + (((hiddenGroup * Units) + unit) * Panels.Width);
        for (int lane = 0; lane < rows; lane++)
        {
            input[lane] = _weights.InputBias.Value[first + lane];
            hidden[lane] = (inputGroup == hiddenGroup ? input[lane] : 0) + _weights.HiddenBias.Value[first + lane];
        }
    }

    // The contribution of each token of the minibatch to some panels of gates, including biases.
    private void PackTokens(int gate, int unit, int first, int rows)
    {
        Panels table = TokenTable;
        float* bias = _bias.Data + (((TCell.InputGroup(gate) * Units) + unit) * Panels.Width);
        ReadOnlySpan<int> tokens = _tokens!.TokenOfSlot;
        nint vocab = _tokens.VocabSize;
        for (int some = 0; some * Panels.Width < rows; some++, bias += Panels.Width)
        {
            int count = Math.Min(Panels.Width, rows - (some * Panels.Width));
            float* source = _weights.InputToGates.Value + ((nint)(first + (some * Panels.Width)) * vocab);
            float* line = table.At((gate * Units) + unit + some, 0);
            for (int slot = 0; slot < tokens.Length; slot++, line += Panels.Width)
            {
                for (int lane = 0; lane < count; lane++)
                    line[lane] = source[(lane * vocab) + tokens[slot]];
                for (int lane = 0; lane < Panels.Width; lane += L.Count)
                    L.Store(L.Load(bias + lane) + (L.All(_tokens.Scale) * L.Load(line + lane)), line + lane);
            }
            Packing.CopyLine(bias, table.At((gate * Units) + unit + some, _tokens.DroppedSlot));
        }
    }

    // The start of a gate's sums, to which the hidden state's product is added: the input's contribution and the biases if both belong to
    // the same group, else the biases.
    private SumStart Start(int gate, int unit, Panels sums)
    {
        if (TCell.InputGroup(gate) != TCell.HiddenGroup(gate))
            return SumStart.SameForAll(Bias.Slice((TCell.HiddenGroup(gate) * Units) + unit, 2));
        if (_tokens is null)
            return SumStart.With(sums);
        return SumStart.Gathered(TokenTable.Slice((gate * Units) + unit, 2), _tokens.Slots);
    }

    private void PutTokens(int gate, int unit, RowGrid now)
    {
        ReadOnlySpan<int> slots = _tokens!.SlotOfRow;
        for (int panel = unit; panel < unit + 2; panel++)
        {
            float* table = TokenTable.At((gate * Units) + panel, 0), sums = Gates.At((TCell.InputGroup(gate) * Units) + panel, 0);
            foreach (RowPiece piece in now.Pieces)
            {
                for (int row = piece.First; row < piece.First + piece.Count; row++)
                    Packing.CopyLine(table + ((nint)slots[row] * Panels.Width), sums + ((nint)row * Panels.Width));
            }
        }
    }

    private void StepForward(int unit, RowGrid now)
    {
        nint stride = Units * Gates.Stride;
        foreach (RowPiece piece in now.Pieces)
        {
            float* sums = Gates.At(unit, piece.First), before = Before(_hidden).At(unit, piece.First),
                cell = Before(_cell).At(unit, piece.First);
            nint step = (nint)piece.Stride * Panels.Width;
            for (nint place = 0; place < (nint)piece.Count * Panels.Width; place += L.Count)
                TCell.Forward<L>(sums + place, stride, before + place, before + place + step, cell + place, cell + place + step);
        }
    }

    private void StepBackward(Panels outputGradient, int unit, RowGrid now)
    {
        nint stride = Units * Gates.Stride;
        foreach (RowPiece piece in now.Pieces)
        {
            float* sums = Gates.At(unit, piece.First), before = Before(_hidden).At(unit, piece.First),
                cell = Before(_cell).At(unit, piece.First);
            int carried = Carried.Row(0, piece.Sequence);
            float* output = outputGradient.At(unit, piece.Row(1)), hidden = HiddenStateGradient.At(unit, carried),
                cellGradient = CellStateGradient.At(unit, carried);
            nint step = (nint)piece.Stride * Panels.Width;
            for (nint place = 0; place < (nint)piece.Count * Panels.Width; place += L.Count)
                TCell.Backward<L>(sums + place, stride, before + place, before + place + step, cell + place, cell + place + step,
                    output + place, hidden + place, cellGradient + place);
        }
    }

    private static void CopyRows(Panels from, int fromRow, Panels to, int toRow, int rows)
    {
        for (int panel = 0; panel < from.Count && from.Rows > 0; panel++)
            new ReadOnlySpan<float>(from.At(panel, fromRow), rows * Panels.Width)
                .CopyTo(new Span<float>(to.At(panel, toRow), rows * Panels.Width));
    }

    private static void Scale(Panels state, RowGrid rows, float factor)
    {
        for (int panel = 0; panel < state.Count && state.Rows > 0; panel++)
        {
            foreach (RowPiece piece in rows.Carried.Pieces)
            {
                float* values = state.At(panel, piece.First);
                for (nint place = 0; place < (nint)piece.Count * Panels.Width; place += L.Count)
                    L.Store(L.Load(values + place) * L.All(factor), values + place);
            }
        }
    }
}
