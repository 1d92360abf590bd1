using CharLM.Batching;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Torch;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Pairs.Translation;

/// <summary>
/// Writes targets token by token, keeping the most probable hypotheses for each (beam search; greedy decoding with a width of 1), or
/// drawing tokens at a temperature. A finished hypothesis keeps its place in the beam; at the maximum length a hypothesis ends.
/// <see cref="Vocab.Unknown"/> is never written.
/// </summary>
/// <remarks>
/// The seed and a source's number alone fix its draws. torch's products round differently for different numbers of rows, which
/// occasionally changes a draw. Thread safety: any number of threads, even with one model.
/// </remarks>
/// <param name="model">The model; in evaluation mode while it writes.</param>
/// <param name="vocab">Its vocab.</param>
/// <param name="config">How to search.</param>
internal sealed class BeamDecoder(Translator model, TranslatorVocab vocab, DecodingConfig config)
{
    /// <summary>Writes a target for each source.</summary>
    /// <param name="sources">The sources to translate.</param>
    /// <param name="withAttention">Whether to return attention weights; default false.</param>
    /// <param name="numbers">The sources' numbers, which fix their draws together with the seed; default their indices.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <returns>The targets, in the order of the sources.</returns>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="GenerationException">The model's weights are damaged.</exception>
    public IReadOnlyList<Hypothesis> Write(
        PaddedBatch sources, bool withAttention = false, IReadOnlyList<int>? numbers = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        InvalidConfigException.ThrowIfAny(config.Errors());
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ModelAccess.Evaluation evaluation = model.Access.Evaluate();
        using ModelAccess.Lease reading = model.Access.Read(evaluating: true);
        int width = config.BeamWidth;
        long[] lengths = sources.Lengths.ToArray();
        EncodedSource encoded = model.ComputeSource(sources);
        if (width > 1)
            encoded = encoded.Select(arange(sources.BatchSize, device: model.Device).repeat_interleave(width));
        var beams = new Beam[sources.BatchSize * width];
        for (int i = 0; i < beams.Length; i++)
            beams[i] = new Beam(null, vocab.BeginId, i % width == 0 ? 0 : double.NegativeInfinity, null, false);
        TokenSampler[]? samplers = Samplers(numbers ?? [.. Enumerable.Range(0, sources.BatchSize)]);
        RecurrentState state = encoded.State;
        // The number of tokens at which a row has to end; with equal lengths it cannot end before, either.
        bool equal = model.Config.EqualLength;
        int[] most = [.. Enumerable.Range(0, beams.Length).Select(i => equal ? (int)lengths[i / width] : model.Config.MaxTarget)];
        for (int step = 0; beams.Any(beam => !beam.Ended); step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            Tensor tokens = TokenTensor.Of([.. beams.Select(beam => beam.Token)], [1, beams.Length], model.Device);
            (Tensor logits, RecurrentState after, Tensor? weights) = model.ComputeTarget(tokens, state, encoded);
            float[] scores = Values(logits.log_softmax(-1));
            for (int i = 0; i < beams.Length; i++)
                Forbid(scores.AsSpan(i * vocab.Target.Count, vocab.Target.Count), step >= most[i], mayEnd: !equal || step >= most[i]);
            float[]? looked = withAttention && weights is not null ? Values(weights) : null;
            (beams, int[] parents) = Extend(beams, scores, looked, lengths, samplers);
            RecurrentState next = width == 1 ? after
                : EncodedSource.SelectState(after, TokenTensor.Of(parents, [parents.Length], model.Device));
            RecurrentState before = state;
            state = next.MoveToOuterDisposeScope();
            if (!ReferenceEquals(before, encoded.State))
                before.Dispose();
        }
        return [.. beams.Chunk(width).Select(Best)];
    }

    // One for each source; null when nothing is drawn.
    private TokenSampler[]? Samplers(IReadOnlyList<int> numbers)
    {
        if (config.Temperature == 0)
            return null;
        var sampling = Sampling.AtTemperature(config.Temperature);
        var scratch = new SamplingScratch();
        return [.. numbers.Select(number => new TokenSampler(sampling, config.Seed, number, scratch))];
    }

    // Forbids tokens that are not text; at the maximum length everything but the end.
    private void Forbid(Span<float> scores, bool mustEnd, bool mayEnd)
    {
        if (float.IsNaN(scores[vocab.EndId]))
            throw new GenerationException(TokenSampler.DamagedModel);
        float end = scores[vocab.EndId];
        if (mustEnd)
            scores.Fill(float.NegativeInfinity);
        scores[vocab.EndId] = mayEnd ? end : float.NegativeInfinity;
        scores[vocab.BeginId] = scores[Vocab.UnknownId] = float.NegativeInfinity;
    }

    // Extends the hypotheses of each source by their possible next tokens and keeps the best of all.
    private (Beam[] Beams, int[] Parents) Extend(
        Beam[] beams, float[] scores, float[]? looked, long[] lengths, TokenSampler[]? samplers)
    {
        int width = config.BeamWidth, size = vocab.Target.Count, sourceSteps = looked is null ? 0 : looked.Length / beams.Length;
        var next = new Beam[beams.Length];
        var parents = new int[beams.Length];
        var best = new PriorityQueue<(int Parent, int Token), double>();           // The worst of the kept is dequeued first.
        for (int row = 0; row < beams.Length; row += width)
        {
            for (int i = row; i < row + width; i++)
            {
                Span<float> ofBeam = scores.AsSpan(i * size, size);
                if (double.IsNegativeInfinity(beams[i].LogProbability))
                    continue;
                if (beams[i].Ended)
                    Keep(i, vocab.EndId, beams[i].LogProbability);
                else if (samplers is not null)
                    Keep(i, Draw(ofBeam, samplers[i], out double log), beams[i].LogProbability + log);
                else
                {
                    for (int token = 0; token < size; token++)
                    {
                        if (!float.IsNegativeInfinity(ofBeam[token]))
                            Keep(i, token, beams[i].LogProbability + ofBeam[token]);
                    }
                }
            }
            if (best.Count == 0)
                throw new GenerationException(TokenSampler.EmptyVocab);
            for (int place = row + width - 1; place >= row; place--)
            {
                if (best.Count <= place - row)
                {
                    next[place] = beams[row] with { LogProbability = double.NegativeInfinity, Ended = true };
                    parents[place] = row;
                    continue;
                }
                best.TryDequeue(out (int Parent, int Token) kept, out double log);
                Beam parent = beams[kept.Parent];
                parents[place] = kept.Parent;
                next[place] = parent.Ended
                    ? parent
                    : new Beam(parent, kept.Token, log, looked?.AsSpan(kept.Parent * sourceSteps, (int)lengths[row / width]).ToArray(),
                        kept.Token == vocab.EndId);
            }
        }
        return (next, parents);

        void Keep(int parent, int token, double log)
        {
            if (best.Count < width)
                best.Enqueue((parent, token), log);
            else if (best.TryPeek(out _, out double worst) && log > worst)
                best.DequeueEnqueue((parent, token), log);
        }
    }

    // With a width of 1 there is one hypothesis per source. The probability is the model's own, whatever the temperature.
    private static int Draw(Span<float> scores, TokenSampler sampler, out double log)
    {
        float[] before = scores.ToArray(); // choosing overwrites them
        int token = sampler.Choose(scores);
        log = before[token];
        return token;
    }

    private Hypothesis Best(Beam[] beams)
    {
        Beam best = beams.Where(beam => !double.IsNegativeInfinity(beam.LogProbability))
            .MaxBy(beam => beam.LogProbability / Math.Pow(beam.Length, config.LengthPenalty))!;
        var ids = new List<int>();
        var looked = new List<float[]>();
        for (Beam? beam = best; beam?.Before is not null; beam = beam.Before)
        {
            ids.Add(beam.Token);
            if (beam.Looked is not null)
                looked.Add(beam.Looked);
        }
        ids.Reverse();
        looked.Reverse();
        return new Hypothesis(ids, best.LogProbability, looked.Count > 0 ? looked : null);
    }

    private static float[] Values(Tensor tensor)
    {
        using Tensor contiguous = tensor.cpu().to_type(ScalarType.Float32).contiguous();
        using TensorAccessor<float> values = contiguous.data<float>();
        return values.ToArray();
    }

    /// <summary>A hypothesis: its last token and the hypothesis before it.</summary>
    private sealed record Beam(Beam? Before, int Token, double LogProbability, float[]? Looked, bool Ended)
    {
        public int Length { get; } = Before is null ? 0 : Before.Length + 1;
    }
}

/// <summary>The target that a model wrote for one source.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Ids">The written tokens, including the end token, which is forced at the maximum length.</param>
/// <param name="LogProbability">The logarithm of their probability, in nats.</param>
/// <param name="Attention">The weight of each source step for each written token, [tokens][source steps]; null when not requested, or
/// without attention.</param>
public sealed record Hypothesis(IReadOnlyList<int> Ids, double LogProbability, IReadOnlyList<float[]>? Attention);

/// <summary>The settings of the search for a target.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record DecodingConfig
{
    /// <summary>Hypotheses kept per source, 1 to 1,000; default 1: greedy.</summary>
    public int BeamWidth { get; init; } = 1;

    /// <summary>
    /// Favours long targets: log-probabilities are divided by the number of tokens to this power, 0 to 10; default 0: the most
    /// probable target.
    /// </summary>
    public double LengthPenalty { get; init; }

    /// <summary>0 takes the most probable token; above 0 tokens are drawn, which needs a beam width of 1; default 0.</summary>
    public double Temperature { get; init; }

    /// <summary>Seed of the draws, which depend on it and on the source's number alone; default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (BeamWidth is < 1 or > 1000)
            yield return $"beam must be 1 (greedy) to 1000, not {BeamWidth}";
        if (!(LengthPenalty is >= 0 and <= 10))
            yield return $"length-penalty must be 0 to 10, not {LengthPenalty}";
        if (!(Temperature is >= 0 and <= 1000))
            yield return $"temperature must be 0 to 1000, not {Temperature}";
        if (Temperature > 0 && BeamWidth > 1)
            yield return "a beam searches for the most probable target, a temperature draws one: set only one of the two";
    }
}
