namespace CharLM.Training;

/// <summary>How far backpropagation through time goes back (Dive into Deep Learning v0.17, 8.7).</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Truncation
{
    /// <summary>To the beginning of the minibatch: num_steps at most. The rule.</summary>
    Minibatch,

    /// <summary>To the beginning of the text: each row is read to its end before a step is taken.</summary>
    None,

    /// <summary>
    /// At random: at each step the gradient ends with probability 1 - p, and is divided by p where it goes on, so that its
    /// expectation is that of the whole (Tallec and Ollivier 2017).
    /// </summary>
    Random,
}
