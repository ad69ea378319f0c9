using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The last offset of each key in a part of a log, in bounded memory: a hash of the key and the offset, 24 bytes a key. Belongs to one
/// cleaning round.
/// </summary>
internal sealed class OffsetMap
{
    /// <summary>The bytes of a slot.</summary>
    public const int SlotBytes = 24;

    private const int FirstSlots = 1024;

    private readonly KeyHash _hash;
    private readonly double _loadFactor;
    private readonly int _mostSlots;
    private Slot[] _slots;

    /// <summary>An empty map.</summary>
    /// <param name="bytes">The most bytes that it may take (<c>log.cleaner.dedupe.buffer.size</c>).</param>
    /// <param name="loadFactor">How full it may become (<c>log.cleaner.io.buffer.load.factor</c>), from 0 to 1.</param>
    /// <param name="hash">The secret of its hash.</param>
    public OffsetMap(long bytes, double loadFactor, KeyHash hash)
    {
        _hash = hash;
        _loadFactor = Math.Clamp(loadFactor, 0.01, 0.95);
        _mostSlots = (int)Math.Clamp(bytes / SlotBytes, 2, Array.MaxLength / 2);
        _slots = new Slot[Math.Min(FirstSlots, _mostSlots)];
    }

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>The most keys.</summary>
    public int Capacity => Math.Max(1, (int)(_mostSlots * _loadFactor));

    /// <summary>Up to here all records are in the map: the last offset of the last batch that was put as a whole; -1 before any.</summary>
    public Offset Latest { get; set; } = new(-1);

    /// <summary>Notes the offset of a key, which is larger than all before it; false when the map is full.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, Offset offset)
    {
        (ulong first, ulong second) = _hash.Of(key);
        ref Slot slot = ref Find(first, second);
        if (slot.IsEmpty)
        {
            if (Count >= Capacity)
            {
                return false;
            }

            if (Count >= _slots.Length * _loadFactor && _slots.Length < _mostSlots)
            {
                Grow();
                slot = ref Find(first, second);
            }

            Count++;
        }

        slot = new Slot(first, second, offset.Value);
        return true;
    }

    /// <summary>The last offset of a key; -1 when it is not in the map.</summary>
    public Offset Find(ReadOnlySpan<byte> key)
    {
        (ulong first, ulong second) = _hash.Of(key);
        ref Slot slot = ref Find(first, second);
        return new Offset(slot.IsEmpty ? -1 : slot.Offset);
    }

    private ref Slot Find(ulong first, ulong second)
    {
        int at = (int)Math.BigMul(first, (ulong)_slots.Length, out _);
        while (!_slots[at].IsEmpty && (_slots[at].First != first || _slots[at].Second != second))
        {
            at = at + 1 == _slots.Length ? 0 : at + 1;
        }

        return ref _slots[at];
    }

    private void Grow()
    {
        Slot[] before = _slots;
        _slots = new Slot[(int)Math.Min(2L * before.Length, _mostSlots)];
        foreach (Slot slot in before)
        {
            if (!slot.IsEmpty)
            {
                Find(slot.First, slot.Second) = slot;
            }
        }
    }

    private readonly struct Slot(ulong first, ulong second, long offset)
    {
        private readonly long _offsetPlusOne = offset + 1;

        public ulong First { get; } = first;

        public ulong Second { get; } = second;

        public long Offset => _offsetPlusOne - 1;

        public bool IsEmpty => _offsetPlusOne == 0;
    }
}
