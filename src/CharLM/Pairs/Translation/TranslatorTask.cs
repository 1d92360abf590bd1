using CharLM.Batching;
using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Pairs.Translation;

/// <summary>The task of training an encoder-decoder on pairs, with constant or scheduled teacher forcing.</summary>
/// <remarks>Thread safety: one thread at a time, during which no other may use the model; the trainer ensures this.</remarks>
internal sealed class TranslatorTask : IPairTask
{
    private readonly Translator _model;
    private readonly TranslatorVocab _vocab;
    private readonly List<ReadOnlyMemory<int>> _sources, _before, _targets;

    /// <summary>A task.</summary>
    /// <param name="model">The model; the caller owns it.</param>
    /// <param name="vocab">Its vocab.</param>
    /// <param name="pairs">The training pairs.</param>
    public TranslatorTask(Translator model, TranslatorVocab vocab, IReadOnlyList<TextPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vocab);
        ArgumentNullException.ThrowIfNull(pairs);
        (_model, _vocab) = (model, vocab);
        _sources = [.. pairs.Select(pair => new ReadOnlyMemory<int>(vocab.EncodeSource(pair.Source)))];
        List<int[]> targets = [.. pairs.Select(pair => vocab.EncodeTarget(pair.Target))];
        _before = targets.ConvertAll(target => new ReadOnlyMemory<int>([vocab.BeginId, .. target]));
        _targets = targets.ConvertAll(target => new ReadOnlyMemory<int>([.. target, vocab.EndId]));
        Lengths = [.. _sources.Zip(
            _targets, (source, target) => (Math.Min(source.Length, short.MaxValue) << 16) + Math.Min(target.Length, ushort.MaxValue))];
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <summary>Sort keys: by the source's length, then by the target's.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <inheritdoc/>
    public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        TranslatorConfig config = _model.Config;
        return ForcedLoss(examples, config.TeacherForcing + ((config.TeacherForcingEnd - config.TeacherForcing) * progress), random);
    }

    /// <inheritdoc/>
    /// <remarks>The decoder gets the true previous characters.</remarks>
    public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples) => ForcedLoss(examples, forcing: 1, null);

    private (Tensor Loss, long Predictions) ForcedLoss(ReadOnlySpan<int> examples, double forcing, RandomStream? random)
    {
        EncodedSource source = _model.ComputeSource(Batch(_sources, examples, Vocab.UnknownId));
        // Past its end a target goes on with end tokens, which count when padding does.
        PaddedBatch before = Batch(_before, examples, _vocab.EndId), targets = Batch(_targets, examples, _vocab.EndId);
        bool masked = random is null || _model.Config.MaskedLoss;
        Tensor ids = before.Ids(_model.Device).t();                                // [steps, batch]
        Tensor logits = forcing >= 1 || random is null ? _model.ComputeTarget(ids, source.State, source).Logits
            : OwnSteps(ids, source, forcing, random);
        return masked ? (MaskedLoss.CrossEntropy(logits, targets), targets.NumTokens)
            : (nn.functional.cross_entropy(logits.flatten(0, 1), targets.Ids(_model.Device).t().flatten()),
                (long)targets.BatchSize * targets.NumSteps);
    }

    private static PaddedBatch Batch(List<ReadOnlyMemory<int>> sequences, ReadOnlySpan<int> examples, int padding)
    {
        var rows = new ReadOnlyMemory<int>[examples.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = sequences[examples[i]];
        return new PaddedBatch(rows, padding);
    }

    // The previous token of each step is the true one with this probability, else the model's own most probable one.
    private Tensor OwnSteps(Tensor ids, EncodedSource source, double forcing, RandomStream random)
    {
        long steps = ids.shape[0], batch = ids.shape[1];
        var logits = new List<Tensor>();                                           // [1, batch, vocab]
        Models.RecurrentState state = source.State;
        Tensor before = ids.narrow(0, 0, 1);
        for (long step = 0; step < steps; step++)
        {
            (Tensor some, state, _) = _model.ComputeTarget(before, state, source);
            logits.Add(some);
            if (step + 1 < steps)
            {
                bool[] forced = [.. Enumerable.Range(0, (int)batch).Select(_ => random.NextDouble() < forcing)];
                before = where(tensor(forced, [1, batch], device: ids.device), ids.narrow(0, step + 1, 1), some.detach().argmax(-1));
            }
        }
        return cat(logits, dim: 0);
    }
}
