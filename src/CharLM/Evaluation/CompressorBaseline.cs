namespace CharLM.Evaluation;

/// <summary>
/// What a general compressor needs for a text when it has read the training text before: the baseline of those who know
/// nothing of language models.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Name">The compressor with its setting.</param>
/// <param name="CompressedBytes">Bytes that the text adds to the compressed training text.</param>
/// <param name="Characters">Characters of the text.</param>
/// <param name="Bytes">UTF-8 bytes of the text.</param>
public sealed record CompressorBaseline(string Name, long CompressedBytes, long Characters, long Bytes)
{
    /// <summary>Bits a character.</summary>
    public double BitsPerCharacter => 8.0 * CompressedBytes / Characters;

    /// <summary>Bits a UTF-8 byte.</summary>
    public double BitsPerByte => 8.0 * CompressedBytes / Bytes;
}
