using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CharLM.Models.Fused.Gemm;

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
    private RowLayout _layout;
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

    /// <summary>Allocates memory for a minibatch.</summary>
    public void Resize(RowLayout layout)
    {
        _layout = layout;
        if (_slotOfRow.Length < layout.Rows)
            _slotOfRow = GC.AllocateArray<int>(layout.Rows, pinned: true);
        int slots = Math.Min(layout.Batch * layout.Steps, VocabSize);
        if (_tokenOfSlot.Length < slots)
            _tokenOfSlot = new int[slots];
    }

    /// <summary>Sets the tokens of a minibatch.</summary>
    /// <param name="tokens">Token ids [batch, steps], sequence by sequence.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocab.</exception>
    public void Set(ReadOnlySpan<int> tokens)
    {
        (int batch, int steps) = _layout;
        _stamp++;
        (Count, Scale) = (HoldsAll ? VocabSize : 0, 1);
        for (int step = 0; step < steps; step++)
        {
            for (int sequence = 0; sequence < batch; sequence++)
            {
                int token = tokens[sequence * steps + step];
                if ((uint)token >= (uint)VocabSize)
                    throw new ArgumentOutOfRangeException(nameof(tokens), token, $"token ids are 0 to {VocabSize - 1}");
                _slotOfRow[_layout.Row(step, sequence)] = token;
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
        for (int strip = 0; strip < _layout.Strips; strip++)
        {
            (int first, int count) = _layout.Run(strip);
            foreach (ref int slot in _slotOfRow.AsSpan(first, count))
                slot = _slotOfToken[slot];
        }
    }

    /// <summary>Drops tokens: dropout of one-hot vectors, whose only value is either dropped or scaled.</summary>
    /// <param name="probability">The probability of dropping a token.</param>
    /// <param name="share">The sequences of the whole minibatch that these are.</param>
    /// <param name="key">Seeds the choice.</param>
    /// <param name="locked">Whether a token that is dropped in a sequence is so at all of its steps.</param>
    public void Drop(double probability, RowShare share, ulong key, bool locked = false)
    {
        Scale = (float)(1 / (1 - probability));
        var threshold = (ulong)(probability * ulong.MaxValue);
        for (int step = 0; step < _layout.Steps; step++)
        {
            for (int sequence = 0; sequence < _layout.Batch; sequence++)
            {
                // A locked token's place is that of its value in the sequence's one-hot vector.
                ref int slot = ref _slotOfRow[_layout.Row(step, sequence)];
                long place = locked ? (share.InWhole(0, sequence) * VocabSize) + _tokenOfSlot[slot] : share.InWhole(step, sequence);
                if (DropoutFactors.Mix(key + (ulong)place) < threshold)
                    slot = DroppedSlot;
            }
        }
    }
}
