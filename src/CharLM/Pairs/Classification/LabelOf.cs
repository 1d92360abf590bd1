namespace CharLM.Pairs.Classification;

/// <summary>What gets a label.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum LabelOf
{
    /// <summary>The whole text: N to 1.</summary>
    Text,

    /// <summary>Every character, by a character that stands at its place in the target: N to N.</summary>
    Character,
}
