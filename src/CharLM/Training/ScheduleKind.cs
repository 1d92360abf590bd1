namespace CharLM.Training;

/// <summary>How the learning rate goes on from where it begins.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It is multiplied by a factor after every so many epochs.</summary>
    Step,

    /// <summary>It falls along half a cosine to its end (Loshchilov and Hutter 2017).</summary>
    Cosine,

    /// <summary>It is multiplied by a factor when the held-out perplexity has not become better for some epochs.</summary>
    Plateau,
}
