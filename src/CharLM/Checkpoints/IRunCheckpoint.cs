namespace CharLM.Checkpoints;

/// <summary>What a run asks of its checkpoints, whatever model they hold.</summary>
public interface IRunCheckpoint
{
    /// <summary>Which text it was trained on.</summary>
    CorpusRecord Corpus { get; }

    /// <summary>What training had reached.</summary>
    Figures Figures { get; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    ResumeState? Resume { get; }
}
