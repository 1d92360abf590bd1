namespace CharLM.Workbench.Experiments;

/// <summary>What the variants of an experiment are compared by; the smaller, the better.</summary>
public enum Measure
{
    /// <summary>Perplexity of the last epoch's training text, measured before each step learned.</summary>
    TrainPerplexity,

    /// <summary>Perplexity of the held-out text after the last epoch.</summary>
    HeldOutPerplexity,

    /// <summary>Bits per character of the held-out text after the last epoch: it compares models of characters with models of words.</summary>
    HeldOutBits,
}
