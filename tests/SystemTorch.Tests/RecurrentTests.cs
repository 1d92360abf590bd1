namespace SystemTorch.Tests;

/// <summary>Recurrent layers against their equations, computed in plain C#.</summary>
public class RecurrentTests
{
    private const int Steps = 5, Batch = 3, Inputs = 4, Hidden = 6;

    [Theory]
    [InlineData(nn.NonLinearities.Tanh)]
    [InlineData(nn.NonLinearities.ReLU)]
    public void Rnn_ASequence_FollowsItsEquation(nn.NonLinearities function)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        using var rnn = nn.RNN(Inputs, Hidden, nonLinearity: function);
        Tensor input = randn(Steps, Batch, Inputs), h0 = randn(1, Batch, Hidden);

        var (output, h_n) = rnn.call(input, h0);

        Weights w = new(rnn, "");
        double[,] h = Weights.State(h0);
        for (int t = 0; t < Steps; t++)
        {
            double[,] x = Weights.Step(input, t);
            h = Weights.Map((n, j) => w.In(x, n, j) + w.Rec(h, n, j), function == nn.NonLinearities.Tanh ? Math.Tanh : z => Math.Max(0, z));
            Weights.AssertRow(h, output[t]);
        }
        Weights.AssertRow(h, h_n[0]);
    }

    [Fact]
    public void Gru_ASequence_FollowsItsEquations()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(2);
        using var gru = nn.GRU(Inputs, Hidden);
        Tensor input = randn(Steps, Batch, Inputs), h0 = randn(1, Batch, Hidden);

        var (output, h_n) = gru.call(input, h0);

        Weights w = new(gru, "");
        double[,] h = Weights.State(h0);
        for (int t = 0; t < Steps; t++)
        {
            double[,] x = Weights.Step(input, t), before = h;
            double[,] r = Weights.Map((n, j) => w.In(x, n, j) + w.Rec(before, n, j), Sigmoid);
            double[,] z = Weights.Map((n, j) => w.In(x, n, Hidden + j) + w.Rec(before, n, Hidden + j), Sigmoid);
            double[,] candidate = Weights.Map((n, j) => w.In(x, n, 2 * Hidden + j) + r[n, j] * w.Rec(before, n, 2 * Hidden + j), Math.Tanh);
            h = Weights.Map((n, j) => (1 - z[n, j]) * candidate[n, j] + z[n, j] * before[n, j], v => v);
            Weights.AssertRow(h, output[t]);
        }
        Weights.AssertRow(h, h_n[0]);
    }

    [Fact]
    public void Lstm_ASequence_FollowsItsEquations()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        using var lstm = nn.LSTM(Inputs, Hidden);
        Tensor input = randn(Steps, Batch, Inputs), h0 = randn(1, Batch, Hidden), c0 = randn(1, Batch, Hidden);

        var (output, h_n, c_n) = lstm.call(input, (h0, c0));

        Weights w = new(lstm, "");
        double[,] h = Weights.State(h0), c = Weights.State(c0);
        for (int t = 0; t < Steps; t++)
        {
            (h, c) = w.LstmStep(Weights.Step(input, t), h, c);
            Weights.AssertRow(h, output[t]);
        }
        Weights.AssertRow(h, h_n[0]);
        Weights.AssertRow(c, c_n[0]);
    }

    [Fact]
    public void Lstm_TwoLayers_StacksThem()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(4);
        using var lstm = nn.LSTM(Inputs, Hidden, numLayers: 2);
        Tensor input = randn(Steps, Batch, Inputs);

        var (output, h_n, c_n) = lstm.call(input);

        Assert.Equal([2, Batch, Hidden], h_n.shape);
        Weights first = new(lstm, "_l0"), second = new(lstm, "_l1");
        double[,] h0 = new double[Batch, Hidden], c0 = new double[Batch, Hidden], h1 = new double[Batch, Hidden], c1 = new double[Batch, Hidden];
        for (int t = 0; t < Steps; t++)
        {
            (h0, c0) = first.LstmStep(Weights.Step(input, t), h0, c0);
            (h1, c1) = second.LstmStep(h0, h1, c1);
            Weights.AssertRow(h1, output[t]);
        }
        Weights.AssertRow(c0, c_n[0]);
        Weights.AssertRow(c1, c_n[1]);
    }

    [Fact]
    public void Gru_Bidirectional_RunsBothWays()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(5);
        using var both = nn.GRU(Inputs, Hidden, bidirectional: true);
        using var forward = nn.GRU(Inputs, Hidden);
        using var backward = nn.GRU(Inputs, Hidden);
        Copy(both, forward, "");
        Copy(both, backward, "_reverse");
        Tensor input = randn(Steps, Batch, Inputs);

        var (output, h_n) = both.call(input);

        Engine.AssertClose(forward.call(input).Item1, output.narrow(2, 0, Hidden));
        Engine.AssertClose(backward.call(input.flip(0)).Item1.flip(0), output.narrow(2, Hidden, Hidden));
        Assert.Equal([2, Batch, Hidden], h_n.shape);

        static void Copy(GRU source, GRU target, string suffix)
        {
            using (no_grad())
            {
                foreach (var (name, parameter) in target.named_parameters())
                {
                    parameter.copy_(source.get_parameter(name + suffix)!);
                }
            }
        }
    }

    [Fact]
    public void BatchFirst_TransposedInput_GivesTransposedOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(6);
        using var stepsFirst = nn.LSTM(Inputs, Hidden);
        manual_seed(6);
        using var batchFirst = nn.LSTM(Inputs, Hidden, batchFirst: true);
        Tensor input = randn(Steps, Batch, Inputs);

        Engine.AssertClose(stepsFirst.call(input).Item1, batchFirst.call(input.transpose(0, 1)).Item1.transpose(0, 1));
    }

    [Fact]
    public void Names_OfABidirectionalStack_ArePyTorchs()
    {
        using var lstm = nn.LSTM(Inputs, Hidden, numLayers: 2, bidirectional: true);
        Assert.Equal(
            [
                "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0",
                "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse",
                "weight_ih_l1", "weight_hh_l1", "bias_ih_l1", "bias_hh_l1",
                "weight_ih_l1_reverse", "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse",
            ],
            lstm.named_parameters().Select(named => named.name));
        Assert.Equal([4 * Hidden, 2 * Hidden], lstm.get_parameter("weight_ih_l1")!.shape);
    }

    [Fact]
    public void Bias_SwitchedOff_LeavesOnlyWeights()
    {
        using var gru = nn.GRU(Inputs, Hidden, bias: false);
        Assert.Equal(["weight_ih_l0", "weight_hh_l0"], gru.named_parameters().Select(named => named.name));
        Assert.Equal([Steps, Batch, Hidden], gru.call(randn(Steps, Batch, Inputs)).Item1.shape);
    }

    [Fact]
    public void Weights_WrittenUnderNoGrad_AreLive()
    {
        using DisposeScope scope = NewDisposeScope();
        using var rnn = nn.RNN(Inputs, Hidden);
        using (no_grad())
        {
            foreach (Parameter parameter in rnn.parameters())
            {
                parameter.zero_();
            }
        }
        Assert.Equal(0f, rnn.call(randn(Steps, Batch, Inputs)).Item1.abs().sum().item<float>());
    }

    [Fact]
    public void Dropout_BetweenLayers_ActsOnlyWhileTraining()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(7);
        using var lstm = nn.LSTM(Inputs, Hidden, numLayers: 2, dropout: 0.5);
        Tensor input = randn(Steps, Batch, Inputs);
        Assert.False(lstm.call(input).Item1.allclose(lstm.call(input).Item1));
        lstm.eval();
        Assert.True(lstm.call(input).Item1.allclose(lstm.call(input).Item1));
    }

    [Fact]
    public void Gradients_OfAnLstm_MatchFiniteDifferences()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(8);
        using var lstm = nn.LSTM(2, 3, dtype: float64);
        Tensor input = randn(4, 2, 2, float64).requires_grad_();
        lstm.call(input).Item1.square().sum().backward();
        AutogradTests.AssertGradient(input, () => lstm.call(input).Item1.square().sum());
        Parameter weight = lstm.get_parameter("weight_hh_l0")!;
        AutogradTests.AssertGradient(weight, () => lstm.call(input).Item1.square().sum());
    }

    [Fact]
    public void Cells_StepByStep_AgreeWithTheirLayers()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(9);
        using var gru = nn.GRU(Inputs, Hidden);
        using var gruCell = nn.GRUCell(Inputs, Hidden);
        using var lstm = nn.LSTM(Inputs, Hidden);
        using var lstmCell = nn.LSTMCell(Inputs, Hidden);
        using var rnn = nn.RNN(Inputs, Hidden);
        using var rnnCell = nn.RNNCell(Inputs, Hidden);
        Copy(gru, gruCell);
        Copy(lstm, lstmCell);
        Copy(rnn, rnnCell);
        Tensor input = randn(Steps, Batch, Inputs);

        Tensor gruState = zeros(Batch, Hidden), rnnState = zeros(Batch, Hidden), h = zeros(Batch, Hidden), c = zeros(Batch, Hidden);
        for (int t = 0; t < Steps; t++)
        {
            gruState = gruCell.call(input[t], gruState);
            rnnState = rnnCell.call(input[t], rnnState);
            (h, c) = lstmCell.call(input[t], (h, c));
        }

        Engine.AssertClose(gru.call(input).Item2[0], gruState);
        Engine.AssertClose(rnn.call(input).Item2[0], rnnState);
        Engine.AssertClose(lstm.call(input).Item2[0], h);
        Engine.AssertClose(lstm.call(input).Item3[0], c);

        static void Copy(nn.Module source, nn.Module target)
        {
            using (no_grad())
            {
                foreach (var (name, parameter) in target.named_parameters())
                {
                    parameter.copy_(source.get_parameter(name + "_l0")!);
                }
            }
        }
    }

    [Fact]
    public void Input_OfTheWrongWidth_IsRefused()
    {
        using var lstm = nn.LSTM(Inputs, Hidden);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => lstm.call(randn(Steps, Batch, Inputs + 1)));
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>The weights of one layer as plain arrays, and the sums that every equation begins with.</summary>
    private sealed class Weights
    {
        private readonly float[] _weightIh, _weightHh, _biasIh, _biasHh;
        private readonly int _inputs;

        public Weights(nn.Module module, string suffix)
        {
            suffix = suffix.Length == 0 ? "_l0" : suffix;
            _weightIh = Engine.Floats(module.get_parameter("weight_ih" + suffix)!);
            _weightHh = Engine.Floats(module.get_parameter("weight_hh" + suffix)!);
            _biasIh = Engine.Floats(module.get_parameter("bias_ih" + suffix)!);
            _biasHh = Engine.Floats(module.get_parameter("bias_hh" + suffix)!);
            _inputs = _weightIh.Length / _biasIh.Length;
        }

        public double In(double[,] x, int n, int row)
        {
            double sum = _biasIh[row];
            for (int i = 0; i < _inputs; i++)
            {
                sum += _weightIh[row * _inputs + i] * x[n, i];
            }
            return sum;
        }

        public double Rec(double[,] h, int n, int row)
        {
            double sum = _biasHh[row];
            for (int i = 0; i < Hidden; i++)
            {
                sum += _weightHh[row * Hidden + i] * h[n, i];
            }
            return sum;
        }

        public (double[,] h, double[,] c) LstmStep(double[,] x, double[,] h, double[,] c)
        {
            double[,] i = Map((n, j) => In(x, n, j) + Rec(h, n, j), Sigmoid);
            double[,] f = Map((n, j) => In(x, n, Hidden + j) + Rec(h, n, Hidden + j), Sigmoid);
            double[,] g = Map((n, j) => In(x, n, 2 * Hidden + j) + Rec(h, n, 2 * Hidden + j), Math.Tanh);
            double[,] o = Map((n, j) => In(x, n, 3 * Hidden + j) + Rec(h, n, 3 * Hidden + j), Sigmoid);
            double[,] next = Map((n, j) => f[n, j] * c[n, j] + i[n, j] * g[n, j], v => v);
            return (Map((n, j) => o[n, j] * Math.Tanh(next[n, j]), v => v), next);
        }

        public static double[,] Map(Func<int, int, double> sum, Func<double, double> function)
        {
            double[,] result = new double[Batch, Hidden];
            for (int n = 0; n < Batch; n++)
            {
                for (int j = 0; j < Hidden; j++)
                {
                    result[n, j] = function(sum(n, j));
                }
            }
            return result;
        }

        public static double[,] Step(Tensor input, int t) => Matrix(input[t], Inputs);

        public static double[,] State(Tensor state) => Matrix(state[0], Hidden);

        public static void AssertRow(double[,] expected, Tensor actual)
        {
            float[] values = Engine.Floats(actual);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.Equal(expected[i / Hidden, i % Hidden], values[i], 1e-4);
            }
        }

        private static double[,] Matrix(Tensor tensor, int columns)
        {
            float[] values = Engine.Floats(tensor);
            double[,] matrix = new double[Batch, columns];
            for (int i = 0; i < values.Length; i++)
            {
                matrix[i / columns, i % columns] = values[i];
            }
            return matrix;
        }
    }
}
