using CharLM.Batching;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs.Translation;

/// <summary>
/// Only differences of logits matter: raising all of them by any amount gives the same targets and probabilities.
/// </summary>
public sealed class TargetHeightTests
{
    private static readonly TextPair[] Pairs = [new("abc", "ca", 1), new("b", "bbb", 2), new("cab", "a", 3)];

    public static TheoryData<int, double> Decodings => new() { { 1, 0 }, { 3, 0 }, { 1, 1 } };

    [Theory]
    [MemberData(nameof(Decodings))]
    public void Write_LogitsRaised_GivesTheSameTargets(int beamWidth, double temperature)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        TranslatorVocab vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);
        var config = new TranslatorConfig
        {
            Model = new ModelConfig { NumHiddens = 6, Bidirectional = true, Init = WeightInit.Xavier },
            MaxTarget = 5
        };
        using var model = new Translator(config, vocab.Source.Count, vocab.Target.Count);
        var search = new BeamDecoder(model, vocab, new DecodingConfig { BeamWidth = beamWidth, Temperature = temperature, Seed = 3 });
        var sources = new PaddedBatch([.. Pairs.Select(pair => new ReadOnlyMemory<int>(vocab.EncodeSource(pair.Source)))]);
        IReadOnlyList<Hypothesis> expected = search.Write(sources, cancellationToken: TestContext.Current.CancellationToken);
        foreach (float height in new[] { 1024f, -2048f })
        {
            model.get_parameter("output.bias")!.add_(height);
            IReadOnlyList<Hypothesis> raised = search.Write(sources, cancellationToken: TestContext.Current.CancellationToken);
            for (int i = 0; i < expected.Count; i++)
            {
                Assert.Equal(expected[i].Ids, raised[i].Ids);
                Assert.Equal(expected[i].LogProbability, raised[i].LogProbability, 1e-2);
                Assert.InRange(raised[i].LogProbability, -20, 0);
            }
        }
    }
}
