using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>How much each token of a line surprised.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Tokens">The tokens, as the line has them, in order, with those of its end.</param>
/// <param name="Nats">-ln p of each, in nats; NaN of the first when nothing stood before it.</param>
/// <param name="Ids">Their ids; <see cref="Vocab.UnknownId"/> for those that the vocab has not.</param>
/// <param name="Characters">Characters of the tokens that were predicted, with the spaces between words.</param>
public sealed record LineScore(IReadOnlyList<string> Tokens, IReadOnlyList<float> Nats, IReadOnlyList<int> Ids, long Characters)
{
    /// <summary>Nats over the tokens that were predicted; infinite where one was thought impossible.</summary>
    public Nats Total => Nats.Where(nats => !float.IsNaN(nats)).Aggregate(default(Nats), (sum, nats) => sum + new Nats(nats, 1));

    /// <summary>Bits a character; NaN when nothing was predicted.</summary>
    public double BitsPerCharacter => Total.Total / Math.Log(2) / Characters;

    /// <summary>Tokens that the vocab has not.</summary>
    public int Unknown => Ids.Count(id => id == Vocab.UnknownId);
}
