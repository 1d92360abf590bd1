using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The part of a text that the training of a model did not see.</summary>
public static class UnseenText
{
    /// <summary>
    /// What the training held out; where it held nothing out, what comes after the tokens that it was given. Of another text
    /// than that of the training, the tokens at the same places.
    /// </summary>
    /// <param name="saved">The model.</param>
    /// <param name="tokens">Tokens of the whole text.</param>
    /// <returns>Empty when the training saw all.</returns>
    public static TextRange Of(ISavedModel saved, int tokens)
    {
        ArgumentNullException.ThrowIfNull(saved);
        int given = saved.Text.MaxTokens == 0 ? tokens : Math.Min(tokens, saved.Text.MaxTokens);
        if (saved is Checkpoint { Training: { TrainWindows: > 0 } training })
            return AfterWindows(training, given, tokens);
        int heldOut = (int)(given * saved.Text.ValidationFraction);
        return heldOut > 0 ? new TextRange(given - heldOut, given) : new TextRange(given, tokens);
    }

    // The last window that is trained on ends so many tokens after the first one that is held out began.
    private static TextRange AfterWindows(TrainerConfig training, int given, int tokens)
    {
        int begin = training.TrainWindows + training.NumSteps;
        int end = training.ValidationWindows > 0 ? training.TrainWindows + training.ValidationWindows + training.NumSteps : tokens;
        return new TextRange(Math.Min(begin, tokens), Math.Min(end, training.ValidationWindows > 0 ? given : tokens));
    }
}
