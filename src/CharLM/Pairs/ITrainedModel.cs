using CharLM.Tokenization;

namespace CharLM.Pairs;

/// <summary>What is particular to a kind of <see cref="TrainedModel{TSelf, TConfig}"/>.</summary>
/// <typeparam name="TSelf">The kind.</typeparam>
/// <typeparam name="TConfig">What its models are made of.</typeparam>
public interface ITrainedModel<TSelf, TConfig>
    where TSelf : TrainedModel<TSelf, TConfig>, ITrainedModel<TSelf, TConfig>
    where TConfig : class, ISequenceConfig, new()
{
    /// <summary>The vocabs of training pairs.</summary>
    static abstract SequenceVocab VocabOf(TConfig config, IReadOnlyList<TextPair> pairs);

    /// <summary>Name to shape of every weight.</summary>
    /// <exception cref="FormatException">No model can have these vocabs; says why.</exception>
    static abstract IReadOnlyDictionary<string, long[]> Shapes(TConfig config, Vocab source, Vocab target);

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="source">Tokens of what is read.</param>
    /// <param name="target">Labels, or tokens of what is written.</param>
    /// <param name="threads">Threads of the kernels; 0: one a processor.</param>
    /// <param name="start">The file that its weights will come from; null for a new model.</param>
    static abstract TSelf Build(TConfig config, Vocab source, Vocab target, int threads, SequenceCheckpoint<TConfig>? start);
}
