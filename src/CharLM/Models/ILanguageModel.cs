namespace CharLM.Models;

/// <summary>What predicts the next token of a text: a recurrent network, or counted n-grams.</summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>Tokens of the vocab.</summary>
    int VocabSize { get; }

    /// <summary>Reads text without gradients, by whatever computes this model best.</summary>
    IPredictor Predictor();
}
