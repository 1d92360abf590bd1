using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Token ids as what recurrent layers read: learned vectors, or one-hot ones.</summary>
internal static class TokenVectors
{
    /// <summary>The vectors of tokens.</summary>
    /// <param name="ids">int64, of any shape.</param>
    /// <param name="embedding">The learned vectors; null for one-hot ones.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <param name="type">The type of one-hot vectors.</param>
    /// <returns>[..., input].</returns>
    public static Tensor Of(Tensor ids, Embedding? embedding, int vocabSize, ScalarType type) => embedding is not null
        ? embedding.forward(ids)
        : nn.functional.one_hot(ids, vocabSize).to_type(type);
}
