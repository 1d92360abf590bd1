using CharLM.Batching;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Tokenization;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs.Translation;

/// <summary>Searches, against naive ones that use whole passes of the model.</summary>
public sealed class BeamDecoderTests : IDisposable
{
    private const int MaxTarget = 4;

    private static readonly TextPair[] Pairs = [new("abc", "ca", 1), new("b", "bbb", 2), new("cab", "a", 3), new("bcabc", "ac", 4)];
    private static readonly TranslatorVocab Vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(2, 0.9)]
    [InlineData(3, 2)]
    public void Write_Beam_IsThatWrittenOutByHand(int width, double penalty)
    {
        bool differsFromGreedy = false, penaltyMatters = false;
        for (int seed = 1; seed <= 12; seed++)
        {
            using Translator model = Sharp(seed);
            foreach (TextPair pair in Pairs)
            {
                (int[] ids, double log) = BeamByHand(model, pair.Source, width, penalty);
                Hypothesis written = Write(model, new DecodingConfig { BeamWidth = width, LengthPenalty = penalty }, pair.Source)[0];
                Assert.Equal(ids, written.Ids);
                Assert.Equal(log, written.LogProbability, 1e-3);
                differsFromGreedy |= !ids.SequenceEqual(BeamByHand(model, pair.Source, 1, 0).Ids);
                penaltyMatters |= penalty > 0 && !ids.SequenceEqual(BeamByHand(model, pair.Source, width, 0).Ids);
            }
        }
        // Otherwise the cases would not distinguish a beam from greedy search, or a penalty from none.
        Assert.True(differsFromGreedy);
        Assert.Equal(penalty > 0, penaltyMatters);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 1)]
    public void Write_EndIsUnlikely_EndsAtExactlyTheGreatestLength(int width, double temperature)
    {
        using Translator model = Sharp(3);
        Bias(model, Vocab.EndId, -50);
        Hypothesis written = Write(model, new DecodingConfig { BeamWidth = width, Temperature = temperature }, "abc")[0];
        Assert.Equal(MaxTarget, Vocab.Decode(written.Ids).Length);
        Assert.Equal((MaxTarget + 1, Vocab.EndId), (written.Ids.Count, written.Ids[^1]));
        // The probability of the whole target, including its end.
        Assert.Equal(Score(model, "abc", written.Ids), written.LogProbability, 1e-3);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 1)]
    public void Write_UnknownIsMostProbable_IsNeverWritten(int width, double temperature)
    {
        using Translator model = Sharp(3);
        Bias(model, CharLM.Tokenization.Vocab.UnknownId, 50);
        Bias(model, Vocab.BeginId, 50);
        IReadOnlyList<Hypothesis> written = Write(
            model, new DecodingConfig { BeamWidth = width, Temperature = temperature }, [.. Pairs.Select(pair => pair.Source)]);
        Assert.All(written, target =>
            Assert.DoesNotContain(target.Ids, id => id == CharLM.Tokenization.Vocab.UnknownId || id == Vocab.BeginId));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(1, 1)]
    public void Write_DamagedWeights_IsRefused(int width, double temperature)
    {
        using Translator model = Sharp(3);
        Bias(model, Vocab.EndId, float.NaN);
        Assert.Throws<GenerationException>(() => Write(model, new DecodingConfig { BeamWidth = width, Temperature = temperature }, "abc"));
    }

    [Fact]
    public void Translate_Draws_AreFixedBySeedAndNumberWhateverStandsBeside()
    {
        using TrainedTranslator translator = Fresh();
        var drawing = new DecodingConfig { Temperature = 1, Seed = 7 };
        string[] alike = [.. Enumerable.Repeat("abc", 300)];
        string[] drawn = Draw(alike);
        // More than fit side by side: the second and third batches differ from the first.
        Assert.NotEqual(drawn[..100], drawn[128..228]);
        Assert.NotEqual(drawn[..40], drawn[256..296]);
        Assert.Equal(drawn[..9], Draw(alike[..9]));
        string[] others = [.. alike.Select((source, i) => i % 2 == 0 ? source : i % 3 == 0 ? "b" : "bcabc")];
        Assert.Equal(drawn.Where((_, i) => i % 2 == 0), Draw(others).Where((_, i) => i % 2 == 0));

        string[] Draw(string[] sources) =>
            [.. translator.Translate(sources, drawing).Select(written => translator.Vocab.Decode(written.Ids))];
    }

    [Fact]
    public void Translate_ManyDraws_AreAsFrequentAsTheModelsProbabilities()
    {
        const int Draws = 4000;
        using TrainedTranslator translator = Fresh();
        int[] first = [.. translator.Translate([.. Enumerable.Repeat("abc", Draws)], new DecodingConfig { Temperature = 1 })
            .Select(written => written.Ids[0])];
        double[] logs = Next(translator.Model, translator.Vocab, "abc", []);
        int[] possible = [.. Enumerable.Range(0, logs.Length)
            .Where(id => id != CharLM.Tokenization.Vocab.UnknownId && id != translator.Vocab.BeginId)];
        double sum = possible.Sum(id => Math.Exp(logs[id]));
        foreach (int id in possible)
        {
            double p = Math.Exp(logs[id]) / sum;
            Assert.InRange(first.Count(drawn => drawn == id), (Draws * p) - (4.5 * Math.Sqrt(Draws * p * (1 - p))),
                (Draws * p) + (4.5 * Math.Sqrt(Draws * p * (1 - p))));
        }
    }

    private static TranslatorConfig Config => new()
    {
        Model = new ModelConfig { Cell = CellKind.Gru, NumHiddens = 6, Bidirectional = true },
        Attention = SourceAttention.Additive,
        MaxTarget = MaxTarget,
    };

    private static TrainedTranslator Fresh() => TrainedTranslator.Create(Config, new PairFile("pairs", "00", Pairs), seed: 4, threads: 1);

    // Fresh weights make all tokens about equally likely, which would make a search trivial.
    private static Translator Sharp(int seed)
    {
        manual_seed(seed);
        var model = new Translator(Config, Vocab.Source.Count, Vocab.Target.Count);
        using IDisposable unrecorded = no_grad();
        foreach (Parameter parameter in model.parameters())
            parameter.mul_(3);
        model.eval();
        return model;
    }

    private static void Bias(Translator model, int id, float value)
    {
        using IDisposable unrecorded = no_grad();
        model.get_parameter("output.bias")![id] = value;
    }

    private static IReadOnlyList<Hypothesis> Write(Translator model, DecodingConfig decoding, params string[] sources) =>
        new BeamDecoder(model, Vocab, decoding)
            .Write(new PaddedBatch([.. sources.Select(source => new ReadOnlyMemory<int>(Vocab.EncodeSource(source)))]));

    // Extends every hypothesis by every token and keeps the most probable, with finished ones unchanged.
    private static (int[] Ids, double Log) BeamByHand(Translator model, string source, int width, double penalty)
    {
        List<(int[] Ids, double Log)> kept = [([], 0)];
        for (int step = 0; step <= MaxTarget; step++)
        {
            var longer = new List<(int[] Ids, double Log)>();
            foreach ((int[] ids, double log) in kept)
            {
                if (ids is [.., var last] && last == Vocab.EndId)
                {
                    longer.Add((ids, log));
                    continue;
                }
                double[] next = Next(model, Vocab, source, ids);
                for (int id = 0; id < next.Length; id++)
                {
                    if (id != CharLM.Tokenization.Vocab.UnknownId && id != Vocab.BeginId && (step < MaxTarget || id == Vocab.EndId))
                        longer.Add(([.. ids, id], log + next[id]));
                }
            }
            kept = [.. longer.OrderByDescending(beginning => beginning.Log).Take(width)];
        }
        return kept.MaxBy(target => target.Log / Math.Pow(target.Ids.Length, penalty));
    }

    private static double Score(Translator model, string source, IReadOnlyList<int> ids) =>
        Enumerable.Range(0, ids.Count).Sum(place => Next(model, Vocab, source, [.. ids.Take(place)])[ids[place]]);

    // The log-probabilities of the next token, from one pass over the whole prefix.
    private static double[] Next(Translator model, TranslatorVocab vocab, string source, int[] beginning)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        model.eval();
        EncodedSource encoded = model.Encode(new PaddedBatch([vocab.EncodeSource(source)]));
        Tensor logits = model.Decode(
            tensor([vocab.BeginId, .. beginning.Select(id => (long)id)], [beginning.Length + 1, 1]), encoded.State, encoded).Logits;
        using TensorAccessor<double> logs = logits[beginning.Length, 0].to_type(ScalarType.Float64).log_softmax(-1).contiguous()
            .data<double>();
        return logs.ToArray();
    }
}
