namespace CharLM.Models;

/// <summary>What predicts the next token of a text: a recurrent network, or counted n-grams.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once. One trainer may change it; who reads while a step is learned, and who
/// uses it after it is disposed, gets an exception. Weights that are changed by other means (<c>load_state_dict</c>, <c>to</c>, an
/// optimizer of your own) are yours to guard.
/// </remarks>
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
