using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The tokens of a minibatch as input of a layer: each distinct token has a slot, which keeps the table of the tokens' contributions to
/// the gates small, however large the vocab is.
/// </summary>
internal sealed class TokenRows(int vocabSize)
{
    private readonly int[] _slotOfToken = new int[vocabSize];
    private readonly int[] _stampOfToken = new int[vocabSize];
    private int[] _tokenOfSlot = [];
    private int[] _slotOfRow = [];
    private int _stamp;

    /// <summary>Number of tokens in the vocab.</summary>
    public int VocabSize => _slotOfToken.Length;

    /// <summary>The slot of rows with a dropped token, which contributes only biases.</summary>
    public int DroppedSlot => Count;

    /// <summary>The factor of tokens that were not dropped.</summary>
    public float Scale { get; private set; } = 1;

    /// <summary>Number of distinct tokens.</summary>
    public int Count { get; private set; }

    /// <summary>The most slots that the allocated rows can use, including the one of dropped tokens.</summary>
    public int Capacity => _tokenOfSlot.Length + 1;

    /// <summary>The token of each slot.</summary>
    public ReadOnlySpan<int> TokenOfSlot => _tokenOfSlot.AsSpan(0, Count);

    /// <summary>The slot of each row.</summary>
    public ReadOnlySpan<int> SlotOfRow => _slotOfRow;

    /// <summary>The same as pinned memory, valid until more rows are allocated.</summary>
    public unsafe int* Slots => (int*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_slotOfRow));

    /// <summary>Whether every token of the vocab has a permanent slot, so that a table need not be rebuilt.</summary>
    public bool HoldsAll { get; private set; }

    /// <summary>Gives every token of the vocab a permanent slot, which suits a small vocab and small minibatches.</summary>
    public void HoldAll()
    {
        HoldsAll = true;
        _tokenOfSlot = new int[VocabSize];
        for (int token = 0; token < VocabSize; token++)
            _tokenOfSlot[token] = token;
    }

    /// <summary>Allocates memory for a number of rows.</summary>
    public void Resize(int rows)
    {
        if (_slotOfRow.Length < rows)
            _slotOfRow = GC.AllocateArray<int>(rows, pinned: true);
        if (_tokenOfSlot.Length < Math.Min(rows, VocabSize))
            _tokenOfSlot = new int[Math.Min(rows, VocabSize)];
    }

    /// <summary>Sets the tokens of a minibatch.</summary>
    /// <param name="tokens">Token ids [batch, steps], row by row.</param>
    /// <param name="batch">Number of sequences.</param>
    /// <param name="steps">Number of steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocab.</exception>
    public void Set(ReadOnlySpan<int> tokens, int batch, int steps)
    {
        _stamp++;
        (Count, Scale) = (HoldsAll ? VocabSize : 0, 1);
        for (int step = 0; step < steps; step++)
        {
            for (int row = 0; row < batch; row++)
            {
                int token = tokens[row * steps + step];
                if ((uint)token >= (uint)VocabSize)
                    throw new ArgumentOutOfRangeException(nameof(tokens), token, $"token ids are 0 to {VocabSize - 1}");
                _slotOfRow[step * batch + row] = token;
                if (HoldsAll || _stampOfToken[token] == _stamp)
                    continue;
                _stampOfToken[token] = _stamp;
                _tokenOfSlot[Count++] = token;
            }
        }
        if (HoldsAll)
            return;
        // In the order of the vocab, so that a weight's columns are read and written in the order of memory.
        Array.Sort(_tokenOfSlot, 0, Count);
        for (int slot = 0; slot < Count; slot++)
            _slotOfToken[_tokenOfSlot[slot]] = slot;
        foreach (ref int slot in _slotOfRow.AsSpan(0, batch * steps))
            slot = _slotOfToken[slot];
    }

    /// <summary>Drops tokens: dropout of one-hot vectors, whose only value is either dropped or scaled.</summary>
    /// <param name="probability">The probability of dropping a token.</param>
    /// <param name="rows">The rows of the whole minibatch that these are.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="key">Seeds the choice.</param>
    /// <param name="locked">Whether a token that is dropped in a row is so at all of its steps.</param>
    public void Drop(double probability, RowShare rows, int steps, ulong key, bool locked = false)
    {
        Scale = (float)(1 / (1 - probability));
        var threshold = (ulong)(probability * ulong.MaxValue);
        for (int step = 0; step < steps; step++)
        {
            for (int row = step * rows.Count; row < (step + 1) * rows.Count; row++)
            {
                // A locked token's place is that of its value in the row's one-hot vector.
                long place = locked ? (rows.InWhole(0, row - (step * rows.Count)) * VocabSize) + _tokenOfSlot[_slotOfRow[row]]
                    : rows.InWhole(step, row);
                if (DropoutFactors.Mix(key + (ulong)place) < threshold)
                    _slotOfRow[row] = DroppedSlot;
            }
        }
    }
}
