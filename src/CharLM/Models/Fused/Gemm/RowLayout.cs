namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// The order of a minibatch's rows in memory: strips of 8 sequences, and within a strip step by step. A row is one step of one sequence.
/// </summary>
/// <remarks>
/// <para>
/// A worker computes whole strips, so what it writes from step to step lies together, away from what the others write. With the rows of a
/// step beside each other, processors that fetch memory ahead would take lines from each other that are being written.
/// </para>
/// <para>
/// Each strip has one row more for each sequence than it has steps. Gates and their gradients of step t are in row t; so is the state
/// before it. What the step makes is in row t + 1: its output, which is the state before the next step, and all that corresponds to
/// outputs (inputs of layers, logits, their gradients).
/// </para>
/// </remarks>
/// <param name="Batch">Number of sequences.</param>
/// <param name="Steps">Number of steps.</param>
internal readonly record struct RowLayout(int Batch, int Steps)
{
    /// <summary>Sequences of a strip, as many as a tile of the product has rows; the last strip may have fewer.</summary>
    public const int Strip = 8;

    /// <summary>The most <see cref="Parts"/>.</summary>
    public const int MostParts = 2;

    /// <summary>Number of rows.</summary>
    public int Rows => Batch * (Steps + 1);

    /// <summary>Number of strips.</summary>
    public int Strips => (Batch + Strip - 1) / Strip;

    /// <summary>All rows.</summary>
    public RowStrips All => new(this, 0, Strips);

    /// <summary>Parts over which the gradients of weights are added up apart, with any number of workers; 1 for one strip.</summary>
    public int Parts => Math.Min(MostParts, Strips);

    /// <summary>The rows of a part.</summary>
    public RowStrips Part(int part) => new(this, Strips * part / Parts, Strips * (part + 1) / Parts);

    /// <summary>The layout of one row for each sequence, in order.</summary>
    public static RowLayout OfState(int batch) => new(batch, 0);

    /// <summary>The layout of one row for each sequence, each strip in a page of its own: of what is written at each step.</summary>
    public static RowLayout OfCarried(int batch) => new(batch, Strip - 1);

    /// <summary>The row of a sequence before a step.</summary>
    public int Row(int step, int sequence)
    {
        int before = sequence / Strip * Strip;
        return (before * (Steps + 1)) + (step * WidthOf(sequence / Strip)) + (sequence - before);
    }

    /// <summary>Sequences of a strip.</summary>
    public int WidthOf(int strip) => Math.Min(Strip, Batch - (strip * Strip));

    /// <summary>The rows of a strip at all steps, which are adjacent.</summary>
    /// <param name="strip">The strip.</param>
    /// <param name="after">The rows after each step instead of those before it.</param>
    public (int First, int Count) Run(int strip, bool after = false)
    {
        int width = WidthOf(strip);
        return ((strip * Strip * (Steps + 1)) + (after ? width : 0), Steps * width);
    }
}

/// <summary>Some adjacent strips of a minibatch, at all steps.</summary>
/// <param name="Layout">Where the rows are.</param>
/// <param name="Begin">The first strip.</param>
/// <param name="End">The strip after the last one.</param>
internal readonly record struct RowStrips(RowLayout Layout, int Begin, int End);
