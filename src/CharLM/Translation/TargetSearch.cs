using CharLM.Batching;
using CharLM.Generation;
using CharLM.Models;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Translation;

/// <summary>
/// Writes targets token by token, following the most probable beginnings of each (beam search; of one beginning it is greedy
/// decoding), or drawing at a temperature. A beginning that has ended keeps its place in the beam.
/// </summary>
/// <param name="model">The model; in evaluation mode while it writes.</param>
/// <param name="vocab">Its vocab.</param>
/// <param name="config">How to search.</param>
public sealed class TargetSearch(Translator model, TranslatorVocab vocab, DecodingConfig config)
{
    /// <summary>Writes a target for each source.</summary>
    /// <param name="sources">What is translated.</param>
    /// <param name="withAttention">Whether to tell where the model looked.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <returns>In the order of the sources.</returns>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    public IReadOnlyList<WrittenTarget> Write(PaddedBatch sources, bool withAttention = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        InvalidConfigException.ThrowIfAny(config.Faults());
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ModelAccess.Evaluation evaluation = model.Access.Evaluate();
        using ModelAccess.Lease reading = model.Access.Read(evaluating: true);
        int width = config.BeamWidth;
        EncodedSource encoded = model.ComputeSource(sources);
        if (width > 1)
            encoded = encoded.Select(arange(sources.BatchSize, device: model.Device).repeat_interleave(width));
        var beams = new Beam[sources.BatchSize * width];
        for (int i = 0; i < beams.Length; i++)
            beams[i] = new Beam(null, vocab.BeginId, i % width == 0 ? 0 : double.NegativeInfinity, null, false);
        var sampler = config.Temperature > 0 ? new TokenSampler(Sampling.AtTemperature(config.Temperature), config.Seed) : null;
        RecurrentState state = encoded.State;
        for (int step = 0; step <= model.Config.MaxTarget && beams.Any(beam => !beam.Ended); step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            Tensor before = tensor([.. beams.Select(beam => (long)beam.Token)], [1, beams.Length], device: model.Device);
            (Tensor logits, RecurrentState after, Tensor? weights) = model.ComputeTarget(before, state, encoded);
            float[] scores = Values(sampler is null ? logits.log_softmax(-1) : logits);
            float[]? looked = withAttention && weights is not null ? Values(weights) : null;
            (beams, int[] parents) = Extend(beams, scores, looked, sampler);
            RecurrentState next = width == 1 ? after : EncodedSource.SelectState(after, tensor([.. parents.Select(parent => (long)parent)], device: model.Device));
            state = next.MoveToOuterDisposeScope();
        }
        return [.. beams.Chunk(width).Select(Best)];
    }

    // The beginnings of each source, each with its most probable next tokens: the best of them all are kept.
    private (Beam[] Beams, int[] Parents) Extend(Beam[] beams, float[] scores, float[]? looked, TokenSampler? sampler)
    {
        int width = config.BeamWidth, size = vocab.Target.Count, sourceSteps = looked is null ? 0 : looked.Length / beams.Length;
        var next = new Beam[beams.Length];
        var parents = new int[beams.Length];
        var best = new PriorityQueue<(int Parent, int Token), double>();           // the worst of the kept comes out first
        for (int row = 0; row < beams.Length; row += width)
        {
            for (int i = row; i < row + width; i++)
            {
                Span<float> ofBeam = scores.AsSpan(i * size, size);
                if (double.IsNegativeInfinity(beams[i].LogProbability))
                    continue;
                if (beams[i].Ended)
                    Keep(i, vocab.EndId, beams[i].LogProbability);
                else if (sampler is not null)
                    Keep(i, Draw(ofBeam, sampler, out double log), beams[i].LogProbability + log);
                else
                {
                    for (int token = 0; token < size; token++)
                    {
                        if (token != vocab.BeginId)
                            Keep(i, token, beams[i].LogProbability + ofBeam[token]);
                    }
                }
            }
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
                    : new Beam(parent, kept.Token, log, looked?[(kept.Parent * sourceSteps)..((kept.Parent + 1) * sourceSteps)], kept.Token == vocab.EndId);
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

    private int Draw(Span<float> logits, TokenSampler sampler, out double log)
    {
        logits[vocab.BeginId] = float.NegativeInfinity;
        float[] before = logits.ToArray(); // choosing uses them up
        double greatest = before.Max(), sum = before.Sum(logit => Math.Exp(logit - greatest));
        int token = sampler.Choose(logits);
        log = before[token] - greatest - Math.Log(sum);
        return token;
    }

    private WrittenTarget Best(Beam[] beams)
    {
        Beam best = beams.Where(beam => !double.IsNegativeInfinity(beam.LogProbability)).MaxBy(beam => beam.LogProbability / Math.Pow(beam.Length, config.LengthPenalty))!;
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
        return new WrittenTarget(ids, best.LogProbability, looked.Count > 0 ? looked : null);
    }

    private static float[] Values(Tensor tensor)
    {
        using Tensor contiguous = tensor.cpu().to_type(ScalarType.Float32).contiguous();
        using TensorAccessor<float> values = contiguous.data<float>();
        return values.ToArray();
    }

    /// <summary>A beginning of a target: its last token, and what stands before it.</summary>
    private sealed record Beam(Beam? Before, int Token, double LogProbability, float[]? Looked, bool Ended)
    {
        public int Length { get; } = Before is null ? 0 : Before.Length + 1;
    }
}
