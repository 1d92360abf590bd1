namespace CharLM.Models;

/// <summary>What predicts the next token of a text: a recurrent network, or counted n-grams.</summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>Tokens of the vocab.</summary>
    int VocabSize { get; }

    /// <summary>
    /// Whether what it expects depends on what comes later, as in a bidirectional model: a text is then read whole, and no state
    /// is carried; default false.
    /// </summary>
    bool ReadsAhead => false;

    /// <summary>Reads text without gradients, by whatever computes this model best.</summary>
    IPredictor Predictor();
}
