using CharLM.Generation;
using CharLM.Serving.Engine;

namespace CharLM.Serving.Tests;

/// <summary>The queue of texts that wait for a place.</summary>
public sealed class EngineTests(TrainedModels models)
{
    [Fact]
    public void TryAdd_ToAQueueOfClientsThatLeft_TakesTheText()
    {
        using ServedModel served = TrainedModels.Serve(models.English);
        using var engine = new ModelEngine(served.Model, served.Texts, rows: 1, mostWaiting: 2);
        // The only row is taken, and stays so.
        var first = new Reader();
        Assert.True(engine.TryAdd([Text(first)]));
        Wait(first.Taken);
        Reader second = new(), third = new(), fourth = new(), fifth = new();
        Assert.True(engine.TryAdd([Text(second), Text(third)]));
        Assert.False(engine.TryAdd([Text(fourth)]));

        second.HasLeft = true;
        Assert.True(engine.TryAdd([Text(fourth)]));
        // Those who still wait keep their places, in order.
        Assert.False(engine.TryAdd([Text(fifth)]));
        first.HasLeft = true;
        Wait(third.Taken);
        Assert.False(fourth.Taken.IsSet);
        third.HasLeft = true;
        Wait(fourth.Taken);
        Assert.False(second.Taken.IsSet);
        fourth.HasLeft = true;

        BatchedText Text(Reader reader) => new(
            served.Encode("Once"), int.MaxValue, Sampling.Greedy, Seed: 0, Sample: 0, new StopStrings([]), Constraint: null, reader);
    }

    private static void Wait(ManualResetEventSlim taken) =>
        Assert.True(taken.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken), "the text was never written");

    private sealed class Reader : ITextSink
    {
        private volatile bool _hasLeft;

        public ManualResetEventSlim Taken { get; } = new();

        public bool HasLeft
        {
            get => _hasLeft;
            set => _hasLeft = value;
        }

        public void Take(in BatchedToken token) => Taken.Set();

        public void Fail(Exception error)
        {
        }
    }
}
