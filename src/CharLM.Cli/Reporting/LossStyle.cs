namespace CharLM.Cli.Reporting;

/// <summary>How the loss of a run is told.</summary>
internal enum LossStyle
{
    /// <summary>As the perplexity of a text: language models.</summary>
    Perplexity,

    /// <summary>As nats a prediction, with the figures of held-out pairs beside it: models on pairs.</summary>
    Nats,
}
