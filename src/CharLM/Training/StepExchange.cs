using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;

namespace CharLM.Training;

/// <summary>
/// What the ranks of a training exchange at a step: gradients, loss, and whether one of them wants to stop or to save, in one sum. So all
/// take the same step with the same gradients, and stop and save after the same one.
/// </summary>
/// <remarks>
/// The weights are those of rank 0 from the beginning, and every sum is computed in registers of the same width, the widest that all ranks
/// have, as its order depends on it. That they stay equal is checked, since a rank that computes otherwise would spoil all.
/// </remarks>
internal sealed class StepExchange
{
    // Comparing reads all weights once: about as much work as a token.
    private const int StepsBetweenChecks = 100;

    private readonly IGradientExchange _exchange;
    private readonly RawWeights _weights;
    private long _steps;

    /// <summary>Begins with the weights of rank 0.</summary>
    /// <param name="exchange">The ranks.</param>
    /// <param name="weights">The weights and their gradients.</param>
    public unsafe StepExchange(IGradientExchange exchange, RawWeights weights)
    {
        (_exchange, _weights) = (exchange, weights);
        foreach (RawWeight weight in weights.All)
            exchange.Broadcast(MemoryMarshal.AsBytes(new Span<float>(weight.Value, weight.Length)));
        var widths = new byte[exchange.Count];
        exchange.Gather([(byte)PassFactory.Resolve(LaneWidth.Best)], widths);
        // Narrower registers have larger numbers.
        Width = (LaneWidth)widths.Max();
    }

    /// <summary>The widest registers that all ranks have.</summary>
    public LaneWidth Width { get; }

    /// <summary>Which rank this is, and of how many.</summary>
    public (int Rank, int Count) Place => (_exchange.Rank, _exchange.Count);

    /// <summary>Replaces the gradients by their sums over all ranks.</summary>
    /// <param name="loss">What this rank's rows add to the mean loss.</param>
    /// <param name="own">What this rank wants.</param>
    /// <returns>The loss, and what any rank wants.</returns>
    /// <exception cref="RanksException">The weights are no longer those of rank 0.</exception>
    public (double Loss, StepWishes All) Step(double loss, StepWishes own)
    {
        if (_steps++ % StepsBetweenChecks == 0)
            CheckWeights();
        Span<float> sums = _weights.GradientsAndMore, more = sums[^RawWeights.More..];
        (more[0], more[1], more[2]) = ((float)loss, own.Stop ? 1 : 0, own.Save ? 1 : 0);
        _exchange.Sum(sums);
        return (more[0], new StepWishes(more[1] > 0, more[2] > 0));
    }

    /// <summary>Checks that all ranks have the same weights, and joins the state that each carries for its rows.</summary>
    /// <exception cref="RanksException">The weights are no longer those of rank 0.</exception>
    /// <inheritdoc cref="CarriedState.Join"/>
    public CarriedState Join(CarriedState own, int layers, int directions)
    {
        CheckWeights();
        float[][] hidden = _exchange.GatherAll(own.Hidden), cell = _exchange.GatherAll(own.Cell);
        return CarriedState.Join([.. hidden.Zip(cell, (some, others) => new CarriedState(some, others, []))], layers, directions);
    }

    private void CheckWeights()
    {
        var sums = new byte[_exchange.Count * sizeof(ulong)];
        Span<byte> own = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(own, _weights.Checksum());
        _exchange.Gather(own, sums);
        int[] others = [.. Enumerable.Range(1, _exchange.Count - 1)
            .Where(rank => !sums.AsSpan(rank * sizeof(ulong), sizeof(ulong)).SequenceEqual(sums.AsSpan(0, sizeof(ulong))))];
        if (others.Length > 0)
            throw new RanksException(
                $"the weights of rank {string.Join(", ", others)} are no longer those of rank 0: these ranks compute otherwise; the last "
                    + "checkpoint is good; go on without their machines");
    }
}

/// <summary>What a rank wants after the step in progress.</summary>
/// <param name="Stop">Whether to stop training.</param>
/// <param name="Save">Whether to write a checkpoint.</param>
internal readonly record struct StepWishes(bool Stop, bool Save);
