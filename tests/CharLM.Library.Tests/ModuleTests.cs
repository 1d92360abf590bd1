using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Library.Tests;

/// <summary>A model as a TorchSharp module, and a TorchSharp module as a model.</summary>
public sealed class ModuleTests
{
    private static readonly TokenizedText Text = TokenizedText.From(SampleText.Text, new TextConfig { Cleaning = Corpora.Cleaning.None });

    private static readonly TrainerConfig Training = new()
    {
        NumEpochs = 3,
        BatchSize = 8,
        NumSteps = 16,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 0.01,
    };

    public ModuleTests() => manual_seed(4);

    // What a user has written: an embedding, torch's LSTM and a linear layer.
    private sealed class Reader : Module<Tensor, (Tensor, Tensor), (Tensor, (Tensor, Tensor))>
    {
        private readonly Embedding embedding;
        private readonly LSTM lstm;
        private readonly Linear output;

        public Reader(int vocab)
            : base("reader")
        {
            (embedding, lstm, output) = (Embedding(vocab, 8), LSTM(8, 24, batchFirst: true), Linear(24, vocab));
            RegisterComponents();
        }

        public static (Tensor, Tensor) Begin(long rows) => (zeros(1, rows, 24), zeros(1, rows, 24));

        public override (Tensor, (Tensor, Tensor)) forward(Tensor ids, (Tensor, Tensor) state)
        {
            (Tensor outputs, Tensor hidden, Tensor cell) = lstm.call(embedding.call(ids), state);
            return (output.call(outputs), (hidden, cell));
        }
    }

    private static ModuleModel<(Tensor, Tensor)> Model() => new(new Reader(Text.Vocab.Count), Text.Vocab.Count, Reader.Begin);

    private static double Train(ILanguageModel model, Trainer trainer)
    {
        for (int epoch = 0; epoch < Training.NumEpochs; epoch++)
            trainer.TrainEpoch(epoch);
        return Evaluator.Measure(model, Text.Train).Perplexity;
    }

    [Fact]
    public void Trainer_ModuleOfOnesOwn_LearnsMeasuresAndWrites()
    {
        using ModuleModel<(Tensor, Tensor)> model = Model();
        double before = Evaluator.Measure(model, Text.Train).Perplexity;
        using var trainer = new Trainer(model, Training, Text.Train);
        Assert.InRange(Train(model, trainer), 1, before / 2);
        var generator = new TextGenerator(model, Text.Vocab, Tokenizer.Create(TokenKind.Char));
        Assert.Equal(30, string.Concat(generator.Continue("Once", 30, new TokenSampler(Sampling.AtTemperature(1), 3))).Length);
        using GenerationSession session = generator.Open(
            new GenerationConfig { Samples = 3, Length = 5, Sampling = Sampling.AtTemperature(1) });
        session.Read("Once");
        Assert.Equal(3, session.Continue().Count(piece => piece.End is not null));
    }

    [Fact]
    public void Trainer_ModuleOfOnesOwnStopped_GoesOnToTheSameBits()
    {
        using ModuleModel<(Tensor, Tensor)> whole = Model(), parts = Model(), rest = Model();
        parts.load_state_dict(whole.state_dict());
        using (var trainer = new Trainer(whole, Training, Text.Train))
            Train(whole, trainer);
        TrainerState state;
        using (var trainer = new Trainer(parts, Training, Text.Train))
        {
            trainer.TrainEpoch(0);
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => trainer.TrainEpoch(1, new Stop(stop), stop.Token));
            state = trainer.CopyState();
        }
        Assert.Equal(2 * 8 * 24, state.Hidden.Length);
        rest.load_state_dict(parts.state_dict());
        using (var trainer = new Trainer(rest, Training, Text.Train))
        {
            trainer.SetState(state);
            trainer.TrainEpoch(1);
            trainer.TrainEpoch(2);
        }
        Assert.All(whole.parameters().Zip(rest.parameters()), pair => Assert.True(pair.First.eq(pair.Second).all().ToBoolean()));
    }

    [Fact]
    public void Compute_LogitsOfAnotherShape_AreRefusedWithBothShapes()
    {
        using var model = new ModuleModel<(Tensor, Tensor)>(new Reader(7), 9, Reader.Begin);
        Assert.Contains("expected [1, 2, 9], batch, steps and vocab", Assert.Throws<InvalidConfigException>(() =>
        {
            using IPredictor predictor = model.Predictor();
            predictor.Begin(1);
            predictor.Predict([1, 2], 2, new float[9]);
        }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_StateOfAnUnknownType_AsksForAFunction()
    {
        using var inner = new Odd();
        Assert.Equal("map", Assert.Throws<ArgumentException>(() => new ModuleModel<string>(inner, 3, _ => "")).ParamName);
    }

    [Fact]
    public void Predictor_DisposedModule_Throws()
    {
        ModuleModel<(Tensor, Tensor)> model = Model();
        IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => predictor.Predict([1], 1, new float[Text.Vocab.Count]));
        Assert.Throws<ObjectDisposedException>(model.Predictor);
    }

    [Fact]
    public void LanguageModel_AsAModule_HasForwardHooksParametersAndAStateDict()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 8, Implementation = Implementation.BuiltIn }, 6);
        Tensor ids = tensor(new long[] { 1, 2, 3, 4, 5, 1 }, [2, 3]);
        int calls = 0;
        model.register_forward_hook((_, _, result) =>
        {
            calls++;
            return result;
        });

        Tensor logits = model.call(ids);

        Assert.Equal(1, calls);
        Assert.Equal([2L, 3, 6], logits.shape);
        (Tensor stepByStep, _) = model.forward(ids, model.BeginState(2));
        Assert.True(allclose(stepByStep.view(3, 2, 6).transpose(0, 1), logits));
        functional.cross_entropy(logits.reshape(-1, 6), ids.reshape(-1)).backward();
        Assert.All(model.parameters(), parameter => Assert.NotNull(parameter.grad));
        Assert.Contains("rnn.weight_hh_l0", model.state_dict().Keys);
        model.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, model.call(ids).dtype);
        Assert.Throws<ArgumentException>(() => model.call(ids[0]));
    }

    [Fact]
    public void LanguageModel_InsideASequential_PassesItsLogitsOn()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 8 }, 6);
        using Sequential both = Sequential(("model", model), ("probabilities", Softmax(-1)));
        Tensor probabilities = both.call(tensor(new long[] { 1, 2, 3 }, [1, 3]));
        Assert.True(allclose(probabilities.sum(-1), ones(1, 3)));
        Assert.Contains("model.linear.weight", both.state_dict().Keys);
    }

    private sealed class Odd() : Module<Tensor, string, (Tensor, string)>("odd")
    {
        public override (Tensor, string) forward(Tensor input1, string input2) => (input1, input2);
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<StepReport>
    {
        public void Report(StepReport value)
        {
            if (value.Batch == 5)
                source.Cancel();
        }
    }
}
