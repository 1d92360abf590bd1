using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>
/// A model that goes on learning from what it reads: each segment is measured first and learned from afterwards, so that
/// nothing is predicted that was seen before (Krause et al. 2018, "Dynamic evaluation of neural sequence models", the form with
/// stochastic gradient descent and decay to the trained weights).
/// </summary>
/// <remarks>Thread safety: one predictor at a time; while it is open nobody else may use the model.</remarks>
/// <param name="model">The trained model; has its weights again when a predictor is disposed. Stays the caller's.</param>
/// <param name="config">How it learns.</param>
public sealed class DynamicModel(LanguageModel model, DynamicEvaluationConfig config) : ILanguageModel
{
    /// <inheritdoc/>
    public int VocabSize => model.VocabSize;

    /// <summary>How it learns.</summary>
    public DynamicEvaluationConfig Config => config;

    /// <inheritdoc/>
    /// <exception cref="InvalidConfigException">The configuration has a fault, or the kernels compute the model.</exception>
    /// <exception cref="InvalidOperationException">The model learns already: one dynamic evaluation, or one trainer, at a time.</exception>
    public IPredictor Predictor() => new DynamicPredictor(model, config);

    /// <summary>Nothing to do: the model is the caller's.</summary>
    public void Dispose()
    {
    }
}
