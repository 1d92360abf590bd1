using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>What is done to a corpus before it is split into tokens.</summary>
public enum Cleaning
{
    /// <summary>
    /// Dive into Deep Learning v0.17: in each line, runs of non-letters become one space, the line is stripped and
    /// lowered; lines are joined. The Time Machine becomes 170,580 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l")]
    D2L,

    /// <summary>
    /// Dive into Deep Learning v1.0: over the whole text, line ends included, runs of non-letters become one space;
    /// lowered. The Time Machine becomes 173,428 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l-v1")]
    D2LV1,

    /// <summary>The text as it is.</summary>
    None,
}
