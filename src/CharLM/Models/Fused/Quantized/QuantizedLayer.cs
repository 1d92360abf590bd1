using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Quantized;

/// <summary>A recurrent layer with integer weights, which computes one step of one row at a time.</summary>
/// <remarks>Thread safety: never changes; any number of threads, each with its own rows.</remarks>
internal abstract unsafe class QuantizedLayer : IDisposable
{
    /// <summary>Floats from one gate, or state, to the next.</summary>
    public abstract int Stride { get; }

    /// <summary>Floats of a row's state: the hidden state, then the cell state if there is one; whole cache lines.</summary>
    public abstract int StateLength { get; }

    /// <summary>Floats of working memory that a step needs.</summary>
    public abstract int ScratchLength { get; }

    /// <summary>Advances a row.</summary>
    /// <param name="contributions">
    /// Of a token, with all biases of the input: [gates, stride]; null where the input is dense.
    /// </param>
    /// <param name="input">The dense input, followed by zeros up to a multiple of 16; null for a token.</param>
    /// <param name="state">The row's state; overwritten. It begins with the output.</param>
    /// <param name="scratch">Working memory.</param>
    public abstract void Step(float* contributions, float* input, float* state, float* scratch);

    /// <summary>The contributions of a token, for <see cref="Step"/>.</summary>
    /// <param name="column">The token: a column of the input weight.</param>
    /// <param name="columns">Tokens of the vocab.</param>
    /// <param name="target">Receives [gates, stride].</param>
    public abstract void Contribute(int column, int columns, Span<float> target);

    /// <summary>Floats of <see cref="Contribute"/>.</summary>
    public abstract int ContributionLength { get; }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Creates a layer.</summary>
    /// <param name="config">Cell and sizes.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="inputWidth">Width of a dense input; 0 for tokens.</param>
    /// <param name="bits">8 or 16.</param>
    /// <param name="width">The registers to use.</param>
    public static QuantizedLayer Create(ModelConfig config, RawLayer weights, int inputWidth, WeightBits bits, LaneWidth width) =>
        PassFactory.Resolve(width) switch
        {
            LaneWidth.Wide => Create<SimdVector512>(config, weights, inputWidth, bits),
            LaneWidth.Medium => Create<SimdVector256>(config, weights, inputWidth, bits),
            _ => Create<SimdVector128>(config, weights, inputWidth, bits),
        };

    private static QuantizedLayer Create<L>(ModelConfig config, RawLayer weights, int inputWidth, WeightBits bits)
        where L : struct, ISimdVector<L> => (config.Cell, config.RnnActivation) switch
        {
            (CellKind.Lstm, _) => new QuantizedLayer<L, LstmCell>(weights, config.NumHiddens, inputWidth, bits),
            (CellKind.Gru, _) => new QuantizedLayer<L, GruCell>(weights, config.NumHiddens, inputWidth, bits),
            (CellKind.Rnn, RnnActivation.Relu) => new QuantizedLayer<L, RnnCell<IActivation.Relu>>(
                weights, config.NumHiddens, inputWidth, bits),
            _ => new QuantizedLayer<L, RnnCell<IActivation.Tanh>>(weights, config.NumHiddens, inputWidth, bits),
        };
}

/// <summary>A layer of one kind of cell, for one register width.</summary>
internal sealed unsafe class QuantizedLayer<L, TCell> : QuantizedLayer
    where L : struct, ISimdVector<L>
    where TCell : struct, ICell
{
    private readonly RawLayer _weights;
    private readonly int _hidden, _inputWidth;
    private readonly IntegerMatrix _recurrent;
    private readonly IntegerMatrix? _input;

    // By group: what the sums start from, without the tokens' contributions.
    private readonly float[] _biases;

    public QuantizedLayer(RawLayer weights, int hidden, int inputWidth, WeightBits bits)
    {
        (_weights, _hidden, _inputWidth) = (weights, hidden, inputWidth);
        _recurrent = new IntegerMatrix(bits, weights.HiddenToGates.Value, TCell.Gates, hidden, hidden);
        if (inputWidth > 0)
            _input = new IntegerMatrix(bits, weights.InputToGates.Value, TCell.Gates, hidden, inputWidth);
        _biases = new float[TCell.Groups * Stride];
        for (int gate = 0; gate < TCell.Gates; gate++)
        {
            for (int unit = 0; unit < hidden; unit++)
            {
                _biases[(TCell.InputGroup(gate) * Stride) + unit] += weights.InputBias.Value[(gate * hidden) + unit];
                _biases[(TCell.HiddenGroup(gate) * Stride) + unit] += weights.HiddenBias.Value[(gate * hidden) + unit];
            }
        }
    }

    public override int Stride => IntegerMatrix.Pad(_hidden);

    public override int StateLength => Stride * (TCell.HasCellState ? 2 : 1);

    public override int ScratchLength => (TCell.Groups * Stride) + IntegerVector.Floats(Math.Max(_hidden, _inputWidth));

    public override int ContributionLength => TCell.Gates * Stride;

    public override void Contribute(int column, int columns, Span<float> target)
    {
        target.Clear();
        for (int gate = 0; gate < TCell.Gates; gate++)
        {
            for (int unit = 0; unit < _hidden; unit++)
            {
                target[(gate * Stride) + unit] = _biases[(TCell.InputGroup(gate) * Stride) + unit]
                    + _weights.InputToGates.Value[(((nint)gate * _hidden) + unit) * columns + column];
            }
        }
    }

    public override void Step(float* contributions, float* input, float* state, float* scratch)
    {
        float* groups = scratch;
        short* integers = (short*)(groups + (TCell.Groups * Stride));
        _biases.CopyTo(new Span<float>(groups, _biases.Length));
        if (contributions is not null)
        {
            for (int gate = 0; gate < TCell.Gates; gate++)
                new ReadOnlySpan<float>(contributions + (gate * Stride), Stride).CopyTo(Group(groups, TCell.InputGroup(gate)));
        }
        else
        {
            float scale = IntegerVector.Round<L>(input, _inputWidth, _input!.MostInput, integers);
            for (int gate = 0; gate < TCell.Gates; gate++)
                _input.MultiplyAdd<L>(integers, scale, gate * Stride, Stride, groups + (TCell.InputGroup(gate) * Stride));
        }
        float recurrentScale = IntegerVector.Round<L>(state, _hidden, _recurrent.MostInput, integers);
        for (int gate = 0; gate < TCell.Gates; gate++)
            _recurrent.MultiplyAdd<L>(integers, recurrentScale, gate * Stride, Stride, groups + (TCell.HiddenGroup(gate) * Stride));
        float* cell = state + Stride;
        for (int place = 0; place < Panels.Pad(_hidden); place += L.Count)
            TCell.Forward<L>(groups + place, Stride, state + place, state + place, cell + place, cell + place);
    }

    public override void Dispose()
    {
        _recurrent.Dispose();
        _input?.Dispose();
    }

    private Span<float> Group(float* groups, int group) => new(groups + (group * Stride), Stride);
}
