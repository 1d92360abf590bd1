namespace CharLM.Evaluation;

/// <summary>How a text is read and what is computed from it.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EvaluationConfig
{
    /// <summary>
    /// Rows that the text is cut into and that are read side by side, 1 to 65,536; default 32. 1 gives every token all that
    /// stands before it; a text that is short for its rows has fewer, each at least as long as <see cref="WarmUp"/>.
    /// </summary>
    public int Rows { get; init; } = 32;

    /// <summary>
    /// Tokens before each row that are read first, without being measured, so that its beginning does not lack context, 0 to
    /// 1,000,000; default 256.
    /// </summary>
    public int WarmUp { get; init; } = 256;

    /// <summary>
    /// Tokens of a row that are read in one call, 1 to 65,536; default 64; does not change the result. A model that reads ahead
    /// reads each row in one call.
    /// </summary>
    public int NumSteps { get; init; } = 64;

    /// <summary>The state begins at zero again after so many tokens, 0 to 1,000,000; default 0: it is carried to the end of a row.</summary>
    public int ResetEvery { get; init; }

    /// <summary>
    /// Tokens of windows that overlap, 0 to 65,536: window i begins at token i, its state at zero (Dive into Deep Learning v1.0's
    /// validation); there are as many as the text has tokens beyond one. Default 0: the text is read in rows. Rows, warm-up and
    /// resets are not those of windows.
    /// </summary>
    public int WindowLength { get; init; }

    /// <summary>Texts that the bootstrap draws, 1 to 1,000,000; default 1,000.</summary>
    public int BootstrapSamples { get; init; } = 1000;

    /// <summary>Tokens of a block of the bootstrap; default 0: <see cref="BlockBootstrap.BlockLength"/>.</summary>
    public int BlockLength { get; init; }

    /// <summary>Fixes the draws of the bootstrap; default 0.</summary>
    public long Seed { get; init; }

    /// <summary>The state policy and the context in words.</summary>
    public string Describe(long tokens)
    {
        if (WindowLength > 0)
            return $"{tokens - WindowLength} windows of {WindowLength} tokens that overlap, the state zero for each";
        int rows = ResetEvery > 0 ? (int)Math.Min(Rows, Math.Max(1, (tokens - 1) / ResetEvery)) : RowsOf(tokens - 1);
        string side = rows == 1 ? "1 row" : $"{rows} rows side by side";
        string after = rows > 1 && WarmUp > 0 ? $", each after the {WarmUp} tokens before it" : "";
        return ResetEvery > 0
            ? $"{side}, the state zero again after every {ResetEvery} tokens"
            : $"{side}{after}, the state carried from beginning to end";
    }

    /// <summary>Rows that so many targets are cut into, where the state is carried.</summary>
    internal int RowsOf(long targets) => (int)Math.Clamp(targets / Math.Max(1, WarmUp), 1, Rows);

    // Windows that overlap repeat the text: a block is as many of them as it would have tokens.
    internal int BlockLengthOf(int predictions) => BlockLength > 0 || WindowLength == 0
        ? BlockLength
        : Math.Max(1, BlockBootstrap.BlockLength(predictions / WindowLength)) * WindowLength;

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (Rows is < 1 or > 65536)
            yield return $"rows must be 1 to 65536, not {Rows}";
        if (WarmUp is < 0 or > 1_000_000)
            yield return $"warm-up must be 0 to 1000000, not {WarmUp}";
        if (NumSteps is < 1 or > 65536)
            yield return $"num-steps must be 1 to 65536, not {NumSteps}";
        if (ResetEvery is < 0 or > 1_000_000)
            yield return $"reset-every must be 0 (never) to 1000000, not {ResetEvery}";
        if (WindowLength is < 0 or > 65536)
            yield return $"window-length must be 0 (no windows) to 65536, not {WindowLength}";
        if (BootstrapSamples is < 1 or > 1_000_000)
            yield return $"bootstrap must be 1 to 1000000 samples, not {BootstrapSamples}";
        if (BlockLength < 0)
            yield return $"block-length must be 0 (chosen) or more, not {BlockLength}";
    }

    /// <summary>Throws when the configuration has a fault.</summary>
    /// <exception cref="InvalidConfigException">Lists every fault.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Faults());
}
