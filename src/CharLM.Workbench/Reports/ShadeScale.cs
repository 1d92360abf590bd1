namespace CharLM.Workbench.Reports;

/// <summary>How values become colours.</summary>
public enum ShadeScale
{
    /// <summary>From pale to dark, from the smallest value to the largest.</summary>
    Sequential,

    /// <summary>Two colours that meet, pale, at zero: for values with a sign, such as activations.</summary>
    Diverging,
}
