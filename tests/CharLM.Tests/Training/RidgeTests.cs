using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Torch;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>Ridge regression of a reservoir's output, against an independent least-squares solution.</summary>
public sealed class RidgeTests
{
    private const int Vocab = 6, Hidden = 30;

    private static readonly ModelConfig Esn = new() { Cell = CellKind.Esn, Implementation = Implementation.Custom, NumHiddens = Hidden };

    private static readonly TrainerConfig Config = new() { BatchSize = 3, NumSteps = 8, Ridge = 0.5 };

    // Each token depends on the two before it, and on chance.
    private static int[] Text(int length)
    {
        var random = new Random(5);
        var text = new int[length];
        for (int i = 2; i < length; i++)
            text[i] = random.NextDouble() < 0.8 ? ((text[i - 1] * 2) + text[i - 2] + 1) % (Vocab - 1) : random.Next(Vocab - 1);
        return text;
    }

    private static LanguageModel Model()
    {
        manual_seed(9);
        return new LanguageModel(Esn, Vocab);
    }

    [Fact]
    public void TrainEpoch_Ridge_IsTheLeastSquaresSolutionUpToItsScale()
    {
        using DisposeScope scope = NewDisposeScope();
        int[] text = Text(700);
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config with { Ridge = 20 }, text);
        trainer.TrainEpoch(0);

        // The states and the next tokens of the same minibatches, from the cell's equation.
        var states = new List<Tensor>();
        var tokens = new List<Tensor>();
        MinibatchIterator minibatches = MinibatchIterator.Create(SamplingOrder.Sequential, text, 3, 8, 0);
        EpochPlan plan = minibatches.Plan(0);
        Tensor h = zeros(3, Hidden);
        Tensor Weight(string name) => model.get_parameter(name)!.detach();
        for (int batch = 0; batch < plan.NumBatches; batch++)
        {
            int steps = plan.StepsOf(batch);
            int[] inputs = new int[3 * steps], targets = new int[3 * steps];
            plan.Fill(minibatches.Tokens, batch, inputs, targets);
            Tensor x = nn.functional.one_hot(TokenTensor.Of(inputs, [3, steps]), Vocab).to_type(ScalarType.Float32);
            for (int step = 0; step < steps; step++)
            {
                h = tanh(x.select(1, step).mm(Weight("rnn.weight_ih_l0").t()) + Weight("rnn.bias_ih_l0")
                    + h.mm(Weight("rnn.weight_hh_l0").t()));
                states.Add(h);
                tokens.Add(TokenTensor.Of(targets, [3, steps]).select(1, step));
            }
        }
        Tensor H = cat(states).to_type(ScalarType.Float64), y = nn.functional.one_hot(cat(tokens), Vocab).to_type(ScalarType.Float64);
        Tensor p = (y.sum([0L]) + (1.0 / Vocab)) / (y.size(0) + 1);
        Tensor Y = (y - p) / (p * (1 - p)).sqrt();
        // (H'H + 20 I) W = H'Y, as least squares with a row of sqrt(20) for each weight and none for the bias.
        Tensor left = cat([cat([H, ones(H.size(0), 1, dtype: ScalarType.Float64)], 1),
            cat([eye(Hidden, dtype: ScalarType.Float64) * Math.Sqrt(20), zeros(Hidden, 1, dtype: ScalarType.Float64)], 1)]);
        (Tensor Q, Tensor R) = linalg.qr(left);
        Tensor W = linalg.solve(R, Q.t().mm(cat([Y, zeros(Hidden, Vocab, dtype: ScalarType.Float64)])));

        Tensor learned = model.get_parameter("linear.weight")!.detach().to_type(ScalarType.Float64).t();
        Tensor bias = model.get_parameter("linear.bias")!.detach().to_type(ScalarType.Float64) - p.log();
        Tensor expected = W.narrow(0, 0, Hidden);
        double scale = ((learned * expected).sum() / expected.square().sum()).ToDouble();
        Assert.InRange(scale, 0.1, 10);
        // The states are float32, and the equations multiply their rounding errors.
        Assert.InRange(((expected * scale) - learned).norm().ToDouble() / learned.norm().ToDouble(), 0, 1e-3);
        Assert.InRange(((W[Hidden] * scale) - bias).norm().ToDouble() / bias.norm().ToDouble(), 0, 1e-3);
    }

    [Fact]
    public void TrainEpoch_Ridge_PredictsBetterThanFrequenciesAndKeepsTheReservoir()
    {
        int[] text = Text(6000), unseen = Text(9000)[6000..];
        using LanguageModel model = Model();
        float[] reservoir = FloatArray.Of(model.get_parameter("rnn.weight_hh_l0")!);
        using var trainer = new Trainer(model, Config with { BatchSize = 16 }, text);
        EpochReport report = trainer.TrainEpoch(0);
        Assert.Equal(1, report.NumEpochs);
        // Two tokens determine the next in 84 % of the cases: at best exp(0.66) = 1.94.
        double perplexity = Evaluator.Measure(model, unseen, rows: 1).Perplexity;
        Assert.InRange(perplexity, 1.9, 3.5);
        using NGramModel unigrams = NGramModel.Train(text, 1, Vocab, laplace: 1);
        Assert.InRange(perplexity, 1, Evaluator.Measure(unigrams, unseen, rows: 1).Perplexity * 0.7);
        // Before each step learns, but the output is solved again and again.
        Assert.InRange(report.Train.Perplexity, perplexity, Vocab);
        Assert.Equal(reservoir, FloatArray.Of(model.get_parameter("rnn.weight_hh_l0")!));
    }

    [Fact]
    public void TrainEpoch_RidgeOnDocuments_LeavesOutWhatIsNotPredicted()
    {
        // Documents of different lengths, which each end with a 5.
        int[] text = [5, .. Enumerable.Range(0, 60).SelectMany(i => (int[])[.. Enumerable.Range(0, 2 + (i % 7)).Select(k => k % 4), 5])];
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config, text, endId: 5);
        trainer.TrainEpoch(0);
        Assert.InRange(Evaluator.Measure(model, text, new EvaluationConfig { EndId = 5 }).Perplexity, 1, 3);
    }

    [Fact]
    public void Errors_RidgeThatCannotBe_SaysWhy()
    {
        Assert.All(new[] { 0, -1, double.NaN, double.PositiveInfinity }, wrong =>
            Assert.Equal([$"ridge must be above 0 and finite, not {wrong}"], new TrainerConfig { Ridge = wrong }.Errors()));
        Assert.Equal(["ridge takes one pass over the text: leave steps and steps-per-epoch out"],
            new TrainerConfig { Ridge = 1, TotalSteps = 5 }.Errors());
        Assert.Equal(["ridge trains the output layer of a fixed reservoir: take --cell esn, not gru"],
            Config.RidgeErrors(new ModelConfig()));
        Assert.Empty(Config.RidgeErrors(Esn));
        Assert.Equal(1, (Config with { NumEpochs = 500 }).EpochCount);
        using var gru = new LanguageModel(new ModelConfig { NumHiddens = 4 }, Vocab);
        Assert.Throws<InvalidConfigException>(() => new Trainer(gru, Config, Text(100)));
    }
}
