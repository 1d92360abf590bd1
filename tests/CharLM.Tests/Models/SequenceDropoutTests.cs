using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>
/// Weight dropout lasts a whole sequence (Gal and Ghahramani 2016; Merity, Keskar and Socher 2018): a weight is dropped at all steps or
/// none, and the next sequence drops others.
/// </summary>
public sealed class SequenceDropoutTests
{
    private const int Hidden = 40, Steps = 8;

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.Fused)]
    public void Sequence_WeightDropout_LeavesOutTheSameAtEveryStep(Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        // Every unit passes on half of itself: kept weights are doubled and preserve the value, dropped ones lose it after one step.
        var config = new ModelConfig
        {
            Cell = CellKind.Rnn,
            RnnActivation = RnnActivation.Relu,
            Implementation = implementation,
            NumHiddens = Hidden,
            WeightDropout = 0.5
        };
        IRecurrentLayer layer = RecurrentLayers.Create(config, inputSize: 3);
        using nn.Module weights = layer.Weights;
        foreach ((string name, TorchSharp.Modules.Parameter weight) in weights.named_parameters())
            weight.zero_();
        weights.get_parameter("weight_hh_l0")!.add_(eye(Hidden) * 0.5);
        weights.train();
        float[] Read()
        {
            Tensor outputs = layer.Sequence(zeros(Steps, 1, 3), new RecurrentState(ones(1, 1, Hidden))).Outputs;
            float[] first = FloatArray.Of(outputs[0]);
            Assert.InRange(first.Count(value => value == 1), 6, 34); // of 40, five standard deviations
            Assert.Equal(Hidden, first.Count(value => value is 0 or 1));
            for (int step = 1; step < Steps; step++)
                Assert.Equal(first, FloatArray.Of(outputs[step]));
            return first;
        }
        Assert.NotEqual(Read(), Read());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Predictor_Disposed_LeavesTheModelAsItWas(bool training)
    {
        foreach (Implementation implementation in Enum.GetValues<Implementation>())
        {
            using var model = new LanguageModel(new ModelConfig { NumHiddens = 4, OutputDropout = 0.5, Implementation = implementation },
                5);
            model.train(training);
            using (IPredictor predictor = model.Predictor())
            {
                float[] Predict()
                {
                    var logits = new float[5];
                    predictor.Begin(1);
                    predictor.Predict([1], 1, logits);
                    return logits;
                }
                Assert.Equal(Predict(), Predict()); // nothing is dropped
            }
            Assert.Equal(training, model.training);
        }
    }
}
