namespace CharLM.Batching;

/// <summary>In what order an epoch reads the text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SamplingOrder
{
    /// <summary>Rows go on from minibatch to minibatch; the hidden state is carried along.</summary>
    Sequential,

    /// <summary>Rows come from anywhere; the hidden state starts at zero.</summary>
    Random,

    /// <summary>
    /// Every window of the text, each token beginning one, in random order; the hidden state starts at zero (Dive into Deep
    /// Learning v1.0).
    /// </summary>
    Windows,
}
