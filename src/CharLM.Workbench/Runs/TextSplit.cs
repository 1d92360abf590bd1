namespace CharLM.Workbench.Runs;

/// <summary>Which part of a text a model is measured on.</summary>
public enum TextSplit
{
    /// <summary>What its training did not see (<see cref="UnseenText"/>).</summary>
    HeldOut,

    /// <summary>The whole text.</summary>
    All,
}
