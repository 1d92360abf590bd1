namespace SystemTorch.Tests;

/// <summary>Optimizers against their formulas in plain C#, on the gradient of 0.5 * a * x * x.</summary>
public class OptimizerTests
{
    private static readonly double[] Start = [1, -2, 0.5];
    private static readonly double[] Curvature = [1, 3, 0.2];

    public static TheoryData<string, Func<Parameter, optim.Optimizer>, Func<Rule>> Optimizers => new()
    {
        { "SGD", p => optim.SGD([p], 0.1), () => new Sgd(0.1) },
        { "SGD with momentum", p => optim.SGD([p], 0.1, momentum: 0.9), () => new Sgd(0.1, momentum: 0.9) },
        { "SGD with dampening", p => optim.SGD([p], 0.1, momentum: 0.9, dampening: 0.5), () => new Sgd(0.1, momentum: 0.9, dampening: 0.5) },
        { "SGD with Nesterov momentum", p => optim.SGD([p], 0.1, momentum: 0.9, nesterov: true), () => new Sgd(0.1, momentum: 0.9, nesterov: true) },
        { "SGD with weight decay", p => optim.SGD([p], 0.1, weight_decay: 0.3), () => new Sgd(0.1, decay: 0.3) },
        { "Adam", p => optim.Adam([p], 0.1), () => new AdamRule(0.1) },
        { "Adam with weight decay", p => optim.Adam([p], 0.1, weight_decay: 0.3), () => new AdamRule(0.1, decay: 0.3) },
        { "Adam with amsgrad", p => optim.Adam([p], 0.1, amsgrad: true), () => new AdamRule(0.1, amsgrad: true) },
        { "AdamW", p => optim.AdamW([p], 0.1, weight_decay: 0.3), () => new AdamRule(0.1, decay: 0.3, decoupled: true) },
        { "RMSProp", p => optim.RMSProp([p], 0.1), () => new RmsProp(0.1) },
        { "RMSProp centered", p => optim.RMSProp([p], 0.1, centered: true), () => new RmsProp(0.1, centered: true) },
        { "RMSProp with momentum", p => optim.RMSProp([p], 0.1, momentum: 0.9), () => new RmsProp(0.1, momentum: 0.9) },
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Step_SeveralTimes_FollowsTheFormula(string name, Func<Parameter, optim.Optimizer> make, Func<Rule> rule)
    {
        Assert.NotEmpty(name);
        using DisposeScope scope = NewDisposeScope();
        using Parameter parameter = new(tensor(Start));
        using optim.Optimizer optimizer = make(parameter);
        Rule[] rules = [.. Start.Select(_ => rule())];
        double[] x = [.. Start];
        Tensor a = tensor(Curvature);
        for (int step = 0; step < 7; step++)
        {
            optimizer.zero_grad();
            (0.5 * a * parameter * parameter).sum().backward();
            optimizer.step();
            for (int i = 0; i < x.Length; i++)
            {
                x[i] = rules[i].Next(x[i], Curvature[i] * x[i]);
            }
            double[] actual = parameter.detach().data<double>().ToArray();
            Assert.All(x.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        }
    }

    [Fact]
    public void Step_ParameterWithoutGradient_LeavesIt()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter used = new(ones(1)), unused = new(ones(1));
        using var optimizer = optim.Adam([used, unused]);
        used.sum().backward();
        optimizer.step();
        Assert.Equal(1f, unused.item<float>());
        Assert.NotEqual(1f, used.item<float>());
    }

    [Fact]
    public void ZeroGrad_OfAnOptimizer_FillsWithZeros()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter parameter = new(ones(2));
        using var optimizer = optim.SGD([parameter], 0.1);
        parameter.sum().backward();
        optimizer.zero_grad();
        Engine.AssertClose([0, 0], parameter.grad!);
    }

    [Fact]
    public void Step_WithAClosure_ReturnsItsLoss()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter parameter = new(full(1, 3f));
        using var optimizer = optim.SGD([parameter], 0.1);
        Tensor loss = optimizer.step(() =>
        {
            optimizer.zero_grad();
            Tensor value = parameter.square().sum();
            value.backward();
            return value;
        });
        Assert.Equal(9f, loss.item<float>());
        Assert.Equal(2.4f, parameter.item<float>(), 1e-6f);
    }

    [Fact]
    public void ParamGroups_WithRatesOfTheirOwn_UseThem()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter slow = new(ones(1)), fast = new(ones(1));
        using var optimizer = optim.SGD([new SGD.ParamGroup([slow], 0.1), new SGD.ParamGroup([fast], 0.5)], 1.0);
        (slow + fast).sum().backward();
        optimizer.step();
        Assert.Equal(0.9f, slow.item<float>(), 1e-6f);
        Assert.Equal(0.5f, fast.item<float>(), 1e-6f);
        Assert.Equal([0.1, 0.5], optimizer.ParamGroups.Select(group => group.LearningRate));
    }

    [Fact]
    public void LearningRate_Changed_ActsOnTheNextStep()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter parameter = new(ones(1));
        using var optimizer = optim.SGD([parameter], 0.1);
        optimizer.ParamGroups.Single().LearningRate = 0.25;
        parameter.sum().backward();
        optimizer.step();
        Assert.Equal(0.75f, parameter.item<float>());
    }

    [Fact]
    public void StateDict_LoadedIntoAnother_ContinuesTheSameWay()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter first = new(tensor(Start)), second = new(tensor(Start));
        using var optimizer = optim.Adam([first], 0.1);
        using var resumed = optim.Adam([second], 0.5);
        Train(first, optimizer);
        using (no_grad())
        {
            second.copy_(first);
        }
        resumed.load_state_dict(optimizer.state_dict());
        Train(first, optimizer);
        Train(second, resumed);
        Engine.AssertClose(first.detach(), second.detach(), 1e-12);
    }

    [Fact]
    public void StateDict_ThroughAStream_ContinuesTheSameWay()
    {
        using DisposeScope scope = NewDisposeScope();
        using Parameter first = new(tensor(Start)), second = new(tensor(Start));
        using var optimizer = optim.SGD([first], 0.1, momentum: 0.9);
        using var resumed = optim.SGD([second], 0.5, momentum: 0.5);
        Train(first, optimizer);
        using (no_grad())
        {
            second.copy_(first);
        }
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            optimizer.save_state_dict(writer);
        }
        stream.Position = 0;
        using (BinaryReader reader = new(stream))
        {
            resumed.load_state_dict(reader);
        }
        Train(first, optimizer);
        Train(second, resumed);
        Engine.AssertClose(first.detach(), second.detach(), 1e-12);
    }

    [Fact]
    public void StateDict_OfAnotherSize_IsRefused()
    {
        using Parameter one = new(ones(1)), two = new(ones(1));
        using var small = optim.Adam([one]);
        using var large = optim.Adam([one, two]);
        Assert.Throws<ArgumentException>(() => large.load_state_dict(small.state_dict()));
    }

    [Fact]
    public void Nesterov_WithoutMomentum_IsRefused() => Assert.Throws<ArgumentException>(() => optim.SGD([new Parameter(ones(1))], 0.1, nesterov: true));

    private static void Train(Parameter parameter, optim.Optimizer optimizer)
    {
        for (int i = 0; i < 3; i++)
        {
            optimizer.zero_grad();
            parameter.square().sum().backward();
            optimizer.step();
        }
    }

    /// <summary>An optimizer of one number.</summary>
    public abstract class Rule
    {
        public abstract double Next(double x, double gradient);
    }

    private sealed class Sgd(double lr, double momentum = 0, double dampening = 0, double decay = 0, bool nesterov = false) : Rule
    {
        private double? _buffer;

        public override double Next(double x, double gradient)
        {
            double g = gradient + (decay * x);
            if (momentum != 0)
            {
                _buffer = _buffer is { } before ? (momentum * before) + ((1 - dampening) * g) : g;
                g = nesterov ? g + (momentum * _buffer.Value) : _buffer.Value;
            }
            return x - (lr * g);
        }
    }

    private sealed class AdamRule(double lr, double decay = 0, bool amsgrad = false, bool decoupled = false) : Rule
    {
        private const double Beta1 = 0.9, Beta2 = 0.999, Eps = 1e-8;
        private double _m, _v, _max;
        private int _step;

        public override double Next(double x, double gradient)
        {
            _step++;
            double g = gradient;
            if (decoupled)
            {
                x *= 1 - (lr * decay);
            }
            else
            {
                g += decay * x;
            }
            _m = (Beta1 * _m) + ((1 - Beta1) * g);
            _v = (Beta2 * _v) + ((1 - Beta2) * g * g);
            _max = Math.Max(_max, _v);
            double mean = _m / (1 - Math.Pow(Beta1, _step)), square = (amsgrad ? _max : _v) / (1 - Math.Pow(Beta2, _step));
            return x - (lr * mean / (Math.Sqrt(square) + Eps));
        }
    }

    private sealed class RmsProp(double lr, double momentum = 0, bool centered = false) : Rule
    {
        private const double Alpha = 0.99, Eps = 1e-8;
        private double _square, _mean, _buffer;

        public override double Next(double x, double gradient)
        {
            _square = (Alpha * _square) + ((1 - Alpha) * gradient * gradient);
            _mean = (Alpha * _mean) + ((1 - Alpha) * gradient);
            double denominator = Math.Sqrt(centered ? _square - (_mean * _mean) : _square) + Eps;
            if (momentum > 0)
            {
                _buffer = (momentum * _buffer) + (gradient / denominator);
                return x - (lr * _buffer);
            }
            return x - (lr * gradient / denominator);
        }
    }
}
