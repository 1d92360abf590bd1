using System.Xml.Linq;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.Fused.Threads;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Eight threads on one model, for every kind of model.</summary>
public sealed class ThreadSafetyTests
{
    private const int Threads = 8;

    private static readonly TrainerConfig Training = new() { NumEpochs = 50, BatchSize = 4, NumSteps = 10, LearningRate = 0.1 };
    private static readonly TextPair[] Pairs = [.. Enumerable.Range(0, 40)
        .Select(i => new TextPair("abcab"[(i % 2)..(2 + (i % 4))], "abcb"[(i % 3)..(1 + (i % 4) / 2 + (i % 3))], i + 1))
            .Where(pair => pair.Target.Length > 0)];

    public static TheoryData<string> Kinds => [.. SmallModels.Kinds];

    public static TheoryData<string> Networks => [.. SmallModels.Networks];

    // A hang also fails, after a minute.
    private static async Task OnEveryThread(Action<int> work)
    {
        Task[] tasks = [.. Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () => work(thread), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static string[] Write(ILanguageModel model, int samples, long seed)
    {
        using var session = new GenerationSession(
            model, SmallModels.Letters, new CharTokenizer(), new GenerationConfig
            {
                Length = 15,
                Samples = samples,
                Seed = seed,
                Sampling = Sampling.AtTemperature(1),
            });
        session.Read("abca");
        return [.. session.Continue().GroupBy(piece => piece.Sample).OrderBy(text => text.Key)
            .Select(text => string.Concat(text.Select(piece => piece.Text)))];
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Readers_OnEightThreads_GetTheFiguresOfOne(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        if (model is LanguageModel network)
            network.Threads = 3;
        // The number of rows differs per thread, so that no two take the same path through the kernels.
        double[] nats = [.. Enumerable.Range(0, Threads)
            .Select(thread => Evaluator.Measure(model, SmallModels.Text, rows: 1 + (5 * thread)).Total)];
        string[][] texts = [.. Enumerable.Range(0, Threads).Select(thread => Write(model, thread % 2 == 0 ? 32 : 1, thread))];
        await OnEveryThread(thread =>
        {
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(nats[thread], Evaluator.Measure(model, SmallModels.Text, rows: 1 + (5 * thread)).Total, 1e-3);
                Assert.Equal(texts[thread], Write(model, thread % 2 == 0 ? 32 : 1, thread));
            }
        });
    }

    // As in a program's own training loop, where the kernels are one operation in torch's graph.
    [Theory]
    [InlineData("fused gru")]
    [InlineData("fused gru with attention")]
    [InlineData("built-in lstm")]
    [InlineData("custom rnn")]
    public async Task ForwardAndBackward_OnEightThreads_GiveTheGradientsOfOne(string kind)
    {
        using LanguageModel model = SmallModels.Network(kind);
        model.Threads = 2;
        float[][] expected = [.. Enumerable.Range(0, Threads).Select(Gradients)];
        await OnEveryThread(thread =>
        {
            for (int round = 0; round < 5; round++)
                Assert.Equal(expected[thread], Gradients(thread), (a, b) => Math.Abs(a - b) < 1e-4);
        });

        float[] Gradients(int thread)
        {
            using DisposeScope scope = NewDisposeScope();
            long[] ids = [.. Enumerable.Range(0, 24).Select(i => (long)((i * (thread + 1)) % 5))];
            Tensor loss = nn.functional.cross_entropy(model.Forward(tensor(ids, [3, 8]), model.BeginState(3)).Logits, tensor(ids));
            return [.. autograd.grad([loss], [.. model.parameters()], allow_unused: true)
                .SelectMany(gradient => gradient is null ? [] : FloatArray.Of(gradient))];
        }
    }

    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public async Task ClassifierAndTranslator_OnEightThreads_GiveTheResultsOfOne(Implementation implementation)
    {
        var file = new PairFile("pairs", "00", Pairs);
        var model = new ModelConfig
        {
            NumHiddens = 8,
            Implementation = implementation,
            OutputDropout = 0.3,
            Init = WeightInit.Normal,
            InitSigma = 0.7,
        };
        using var classifier = TrainedClassifier.Create(new ClassifierConfig { Model = model }, file, 1, threads: 2);
        using var translator = TrainedTranslator.Create(new TranslatorConfig { Model = model, MaxTarget = 8 }, file, 1, threads: 2);
        string[] sources = [.. Pairs.Select(pair => pair.Source)];
        IReadOnlyList<string> labels = classifier.Predict(sources), targets = translator.Predict(sources);
        double labelLoss = classifier.Loss(Pairs).Mean, targetLoss = translator.Loss(Pairs).Mean;
        await OnEveryThread(thread =>
        {
            Assert.Equal(labels, classifier.Predict(sources));
            Assert.Equal(targets, translator.Predict(sources));
            Assert.Equal(labelLoss, classifier.Loss(Pairs).Mean, 1e-5);
            Assert.Equal(targetLoss, translator.Loss(Pairs).Mean, 1e-5);
        });
        Assert.True(classifier.Model.training && translator.Model.training);
    }

    // Reading during a training step throws, and training is not disturbed.
    [Theory, MemberData(nameof(Networks))]
    public async Task Readers_BesideTraining_GetAnExceptionAndDisturbNothing(string kind)
    {
        float[][] Train(LanguageModel model, Action? meanwhile)
        {
            using var trainer = new Trainer(model, Training, SmallModels.Text.AsMemory(0, 400));
            for (int epoch = 0; epoch < 2; epoch++)
            {
                trainer.TrainEpoch(epoch, new Listener<StepReport>(_ => meanwhile?.Invoke()));
                trainer.EpochEnded(1);
            }
            return [.. model.parameters().Select(weight => FloatArray.Of(weight))];
        }
        using LanguageModel alone = SmallModels.Network(kind), model = SmallModels.Network(kind);
        model.Threads = 2;
        float[][] expected = Train(alone, null), actual = [];
        bool isOver = false;
        int read = 0;
        await OnEveryThread(thread =>
        {
            if (thread == 0)
            {
                actual = Train(model, () => Thread.Sleep(1));
                Volatile.Write(ref isOver, true);
                return;
            }
            while (!Volatile.Read(ref isOver))
            {
                try
                {
                    using (IPredictor predictor = model.Predictor())
                    {
                        predictor.Begin(1);
                        predictor.Score([1, 2, 3], [2, 3, 1], 3, new float[3]);
                        Interlocked.Increment(ref read);
                    }
                    Write(model, 2, thread);
                    Checkpoint.CopyWeights(model);
                }
                catch (InvalidOperationException)
                {
                    Thread.Sleep(1);
                }
            }
        });
        Assert.True(read > 0);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(Evaluator.Measure(alone, SmallModels.Text).Total, Evaluator.Measure(model, SmallModels.Text).Total, 0.05);
    }

    // Scalars that torch reads must not be freed meanwhile: with TorchSharp's own a + b, about one sum in ten thousand failed.
    [Fact]
    public async Task Predict_CustomCellWhileGarbageIsCollected_IsRight()
    {
        using LanguageModel model = SmallModels.Network("custom gru");
        float[] expected = Expect(model, 1)[0];
        int left = 4;
        await OnEveryThread(thread =>
        {
            if (thread < 4)
            {
                Assert.All(Expect(model, 200), logits => Assert.Equal(expected, logits));
                Interlocked.Decrement(ref left);
                return;
            }
            while (thread == 4 && Volatile.Read(ref left) > 0)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
                for (int i = 0; i < 50; i++)
                    _ = (Scalar)(i * 0.1);
            }
        });

        static float[][] Expect(LanguageModel model, int times)
        {
            using IPredictor predictor = model.Predictor();
            return [.. Enumerable.Range(0, times).Select(_ =>
            {
                var logits = new float[5];
                predictor.Begin(1);
                predictor.Predict([1, 2, 3, 4, 1, 2, 3, 4, 1, 2], 10, logits);
                return logits;
            })];
        }
    }

    [Fact]
    public void TrainEpoch_OfASecondTrainerInsideAStep_IsRefused()
    {
        using LanguageModel model = SmallModels.Network("fused gru");
        using var trainer = new Trainer(model, Training, SmallModels.Text);
        using (model.Access.Change())
            Assert.Contains("being trained", Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(0)).Message,
                StringComparison.Ordinal);
        trainer.TrainEpoch(0);
    }

    [Theory, MemberData(nameof(Networks))]
    public async Task Readers_BesideDispose_EndWithItsException(string kind)
    {
        LanguageModel model = SmallModels.Network(kind);
        model.Threads = 2;
        using var allRead = new CountdownEvent(Threads - 1);
        await OnEveryThread(thread =>
        {
            if (thread == 0)
            {
                allRead.Wait(TestContext.Current.CancellationToken);
                model.Dispose();
                return;
            }
            bool first = true;
            Assert.Throws<ObjectDisposedException>(UseForEver);

            void UseForEver()
            {
                using var trainer = thread == 1 ? new Trainer(model, Training, SmallModels.Text) : null;
                for (int epoch = 0; ; epoch++)
                {
                    try
                    {
                        if (trainer is null)
                            Evaluator.Measure(model, SmallModels.Text, rows: thread);
                        else
                            trainer.TrainEpoch(epoch);
                    }
                    catch (InvalidOperationException e) when (e is not ObjectDisposedException)
                    {
                    }
                    if (first)
                        allRead.Signal();
                    first = false;
                }
            }
        });
        model.Dispose();
    }

    // A predictor serves one thread: the others get an exception, and nothing is freed during a call.
    [Theory]
    [InlineData("fused gru")]
    [InlineData("built-in gru")]
    [InlineData("n-gram")]
    public async Task Predictor_OnEightThreads_ServesOneAndRefusesTheOthers(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        for (int round = 0; round < 10; round++)
        {
            IPredictor predictor = model.Predictor();
            predictor.Begin(2);
            await OnEveryThread(thread =>
            {
                try
                {
                    for (int call = 0; call < 40; call++)
                        predictor.Predict([1, 2, 3, 4], 2, new float[10]);
                    predictor.Dispose();
                }
                catch (InvalidOperationException)
                {
                }
            });
            predictor.Dispose();
            Assert.Throws<ObjectDisposedException>(() => predictor.Predict([1, 2], 1, new float[10]));
        }
    }

    [Fact]
    public async Task Workers_ManyCallers_DoEveryTaskOnceAndOutliveTheirEnd()
    {
        using var workers = new Workers(3);
        await OnEveryThread(thread =>
        {
            for (int round = 0; round < 300; round++)
            {
                var done = new int[20];
                workers.Run(3, done.Length, task => Interlocked.Increment(ref done[task]));
                Assert.All(done, times => Assert.Equal(1, times));
                if (thread == 0 && round == 200)
                    workers.Dispose();
            }
        });
        workers.Dispose();
    }

    [Fact]
    public void PublicTypes_Remarks_SayWhatThreadsMayDo()
    {
        // Nested types belong to their enclosing type.
        var documentation = XDocument.Load(Path.ChangeExtension(typeof(LanguageModel).Assembly.Location, ".xml"));
        Dictionary<string, string> texts = documentation.Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member =>
                string.Concat(member.Elements("remarks").Select(remarks => remarks.Value)));
        string[] folders = ["Models", "Generation", "Training", "Evaluation", "Classification", "Translation", "Tokenization", "Batching"];
        Type[] types = [.. typeof(LanguageModel).Assembly.GetExportedTypes()
            .Where(type => !type.IsNested && type.Namespace!.Split('.').Intersect(folders).Any())];
        Assert.True(types.Length > 60);
        Assert.Empty(types.Where(
            type => !texts.GetValueOrDefault($"T:{type.FullName}", "").Contains("Thread safety:", StringComparison.Ordinal)).Select(type =>
                type.FullName));
    }
}
