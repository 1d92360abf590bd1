namespace CharLM.Classification;

/// <summary>What gets a label.</summary>
public enum LabelOf
{
    /// <summary>The whole text: N to 1.</summary>
    Text,

    /// <summary>Every character, by a character that stands at its place in the target: N to N.</summary>
    Character,
}
