using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Attention;

/// <summary>Attention inside the language model: each step sees earlier steps and never later ones.</summary>
public sealed class PastAttentionTests
{
    private const int Size = 7, Hidden = 6;

    public static TheoryData<AttentionKind, Implementation> Kinds =>
        [.. Enum.GetValues<AttentionKind>()
            .SelectMany(kind => Enum.GetValues<Implementation>().Select(implementation => (kind, implementation)))];

    private static LanguageModel Model(AttentionKind kind, Implementation implementation, int window = 4, CellKind cell = CellKind.Lstm)
    {
        manual_seed(11);
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumHiddens = Hidden,
            Attention = kind,
            AttentionWindow = window,
            Init = WeightInit.Xavier,
        };
        return new LanguageModel(config, Size);
    }

    private static Tensor Ids(params long[] ids) => tensor(ids, new long[] { 1, ids.Length });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_LaterCharacterChanged_EveryEarlierLogitIsTheSameBitForBit(AttentionKind kind, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = Model(kind, implementation);
        const int Rows = 3, Steps = 12;
        Tensor ids = randint(0, Size, new long[] { Rows, Steps }, dtype: ScalarType.Int64);
        (Tensor before, _) = model.forward(ids, model.BeginState(Rows));
        for (int changed = 0; changed < Steps; changed++)
        {
            Tensor other = ids.clone();
            other.narrow(1, changed, 1).copy_((ids.narrow(1, changed, 1) + 1).remainder(Size));
            (Tensor after, _) = model.forward(other, model.BeginState(Rows));

            float[] expected = before.data<float>().ToArray(), actual = after.data<float>().ToArray();
            int same = changed * Rows * Size; // logits are ordered step by step
            Assert.Equal(expected[..same].Select(BitConverter.SingleToInt32Bits), actual[..same].Select(BitConverter.SingleToInt32Bits));
            Assert.NotEqual(expected[same..], actual[same..]);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_InPieces_GivesWhatOneSequenceGives(AttentionKind kind, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = Model(kind, implementation);
        Tensor ids = randint(0, Size, new long[] { 2, 11 }, dtype: ScalarType.Int64);
        (Tensor whole, RecurrentState end) = model.forward(ids, model.BeginState(2));
        RecurrentState state = model.BeginState(2);
        var pieces = new List<Tensor>();
        foreach ((int first, int steps) in new[] { (0, 1), (1, 2), (3, 7), (10, 1) })
        {
            (Tensor logits, state) = model.forward(ids.narrow(1, first, steps), state);
            pieces.Add(logits);
        }
        Assert.True(allclose(whole, cat([.. pieces]), 1e-5, 1e-6));
        Assert.Equal([4, 2, Hidden], end.Memory!.shape); // no more than the window
        Assert.True(allclose(end.Memory, state.Memory!, 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(AttentionTests.Kinds), MemberType = typeof(AttentionTests))]
    public void Forward_AnyStep_IsTheWeighedMeanOfTheStatesBeforeIt(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        const int Window = 2;
        using LanguageModel model = Model(kind, Implementation.Custom, Window);
        model.to(ScalarType.Float64);
        using LanguageModel plain = new(model.Config with { Attention = null, AttentionWindow = null }, Size);
        plain.to(ScalarType.Float64);
        foreach ((string name, Parameter parameter) in plain.named_parameters())
            parameter.copy_(model.get_parameter(name)!);
        // The hidden states, from the model without attention and with the identity as output layer.
        long[] tokens = [1, 4, 2, 0, 5];
        var states = new List<Tensor> { zeros(Hidden, dtype: ScalarType.Float64) };
        RecurrentState state = plain.BeginState(1);
        foreach (long token in tokens)
        {
            (_, state) = plain.forward(Ids(token), state);
            states.Add(state.Hidden[0, 0]);
        }

        (Tensor logits, _) = model.forward(Ids(tokens), model.BeginState(1));

        for (int step = 1; step <= tokens.Length; step++)
        {
            Tensor h = states[step];
            Tensor[] past = [.. states.Take(step).TakeLast(Window)];
            Tensor weights = Scores(model, kind, h, past).softmax(0);
            Tensor context = zeros(Hidden, dtype: ScalarType.Float64);
            for (int i = 0; i < past.Length; i++)
                context += weights[i] * past[i];
            Tensor attended = tanh(
                model.get_parameter("attention.combine.weight")!.mv(cat([context, h])) + model.get_parameter("attention.combine.bias")!);
            Tensor expected = model.get_parameter("linear.weight")!.mv(attended) + model.get_parameter("linear.bias")!;
            Assert.True(allclose(logits[step - 1], expected, 1e-10, 1e-12), $"step {step}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Checkpoint_WithAttention_ComesBackAndScoresTheSame(AttentionKind kind, Implementation implementation)
    {
        using var folder = new TemporaryFolder();
        using LanguageModel model = Model(kind, implementation);
        Assert.Equal(
            WeightShapes.Of(model.Config, Size).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]").Order(),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]").Order());
        string path = folder.File("model.safetensors");
        CheckpointFile.Write(path, new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig(),
            Vocab = Vocab.Restore([Vocab.Unknown, "a", "b", "c", "d", "e", "f"]),
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("none", ""),
            Progress = new TrainingProgress(),
            Weights = Checkpoint.CopyWeights(model),
        });
        using ILanguageModel again = CheckpointFile.Read(path).Open();
        Assert.Equal(Nats(model), Nats(again), (a, b) => Math.Abs(a - b) < 1e-5);

        static float[] Nats(ILanguageModel model)
        {
            using IPredictor predictor = model.Predictor();
            predictor.Begin(2);
            var nats = new float[10];
            predictor.Score([1, 2, 3, 4, 5, 6, 1, 2, 3, 4], [2, 3, 4, 5, 6, 1, 2, 3, 4, 5], 5, nats);
            predictor.Rearrange([1, 0, 1]);
            var logits = new float[3 * Size];
            predictor.Predict([1, 1, 2], 1, logits);
            return [.. nats, .. logits];
        }
    }

    [Theory]
    [InlineData(Implementation.Fused, Truncation.Minibatch)]
    [InlineData(Implementation.Custom, Truncation.Minibatch)]
    [InlineData(Implementation.BuiltIn, Truncation.Random)]
    public void TrainEpoch_WithAttention_Learns(Implementation implementation, Truncation truncation)
    {
        using LanguageModel model = Model(AttentionKind.Dot, implementation, window: 8, CellKind.Gru);
        int[] text = [.. Enumerable.Range(0, 800).Select(i => 1 + (i % 6))];
        using var trainer = new Trainer(
            model, new TrainerConfig
            {
                BatchSize = 4,
                NumSteps = 10,
                Optimizer = OptimizerKind.Adam,
                LearningRate = 0.02,
                Truncation = truncation
            }, text);
        double first = trainer.TrainEpoch(0).Train.Perplexity;
        for (int epoch = 1; epoch < 5; epoch++)
            trainer.TrainEpoch(epoch);
        Assert.InRange(trainer.TrainEpoch(5).Train.Perplexity, 1, first / 2);
    }

    [Fact]
    public void Faults_AttentionThatCannotBe_SayWhy()
    {
        Assert.Equal(["attention-window is for a model with attention: give --attention, too"],
            new ModelConfig { AttentionWindow = 3 }.Errors());
        Assert.Equal(["attention-window must be 1 to 65536, not 0"],
            new ModelConfig { Attention = AttentionKind.Dot, AttentionWindow = 0 }.Errors());
        Assert.Equal(
            ["attention looks back over a sequence that is read forwards: leave bidirectional out"],
            new ModelConfig
            {
                Attention = AttentionKind.Dot,
                Implementation = Implementation.BuiltIn,
                Bidirectional = true,
                AllowLeak = true
            }.Errors());
    }

    private static Tensor Scores(LanguageModel model, AttentionKind kind, Tensor query, Tensor[] past)
    {
        Tensor Weight(string name) => model.get_parameter($"attention.score.{name}")!;
        Tensor Projected() => tanh(Weight("W_q.weight").mv(query) + stack(past).matmul(Weight("W_k.weight").t()));
        return kind switch
        {
            AttentionKind.Dot => stack(past).mv(query) / Math.Sqrt(Hidden),
            AttentionKind.Additive => Projected().mv(Weight("w_v.weight")[0]),
            AttentionKind.General => stack(past).mv(Weight("W_k.weight").t().mv(query)),
            AttentionKind.Cosine => nn.functional.cosine_similarity(stack(past), query.unsqueeze(0), 1, 1e-8),
            // The newest of the states, place 0, comes last.
            _ => (Weight("attn.weight").mv(cat([query, past[^1]])) + Weight("attn.bias")).narrow(0, 0, past.Length).flip(0),
        };
    }
}
