using System.Runtime.CompilerServices;
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

    /// <summary>So many keys are best looked for together.</summary>
    public const int Run = 64;

    private const int FirstSlots = 1024;

    private readonly KeyHash _hash;
    private readonly double _loadFactor;
    private readonly int _mostSlots;
    private Slot[] _slots;

    /// <summary>An empty map.</summary>
    /// <param name="bytes">The most bytes that it may take (<c>log.cleaner.dedupe.buffer.size</c>).</param>
    /// <param name="loadFactor">How full it may become (<c>log.cleaner.io.buffer.load.factor</c>), from 0 to 1.</param>
    /// <param name="hash">The secret of its hash.</param>
    /// <param name="expected">About how many keys come, so that it need not grow step by step.</param>
    public OffsetMap(long bytes, double loadFactor, KeyHash hash, long expected)
    {
        _hash = hash;
        _loadFactor = Math.Clamp(loadFactor, 0.01, 0.95);
        _mostSlots = (int)Math.Clamp(bytes / SlotBytes, 2, Array.MaxLength / 2);
        _slots = new Slot[(int)Math.Min(Math.Max(FirstSlots, expected / _loadFactor), _mostSlots)];
    }

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>The most keys.</summary>
    public int Capacity => Math.Max(1, (int)(_mostSlots * _loadFactor));

    /// <summary>Up to here all records are in the map: the last offset of the last batch that was put as a whole; -1 before any.</summary>
    public Offset Latest { get; set; } = new(-1);

    /// <summary>By what a key is told apart here.</summary>
    public (ulong First, ulong Second) HashOf(ReadOnlySpan<byte> key) => _hash.Of(key);

    /// <summary>
    /// Reads where the search for each of some keys begins. No read waits for another, so the processor fetches many of these places at
    /// once; the map is larger than its caches. The result says nothing; without it nothing would be read.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public long Approach(ReadOnlySpan<(ulong First, ulong Second)> keys)
    {
        long read = 0;
        foreach ((ulong first, _) in keys)
        {
            read |= _slots[PlaceOf(first)].Offset;
        }

        return read;
    }

    /// <summary>Notes the offsets of keys, each larger than all before it; false when the map is full.</summary>
    public bool TryPut(ReadOnlySpan<(ulong First, ulong Second)> keys, ReadOnlySpan<Offset> offsets)
    {
        _ = Approach(keys);
        for (int i = 0; i < keys.Length; i++)
        {
            if (!TryPut(keys[i].First, keys[i].Second, offsets[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The last offset of a key; -1 when it is not in the map.</summary>
    public Offset Find((ulong First, ulong Second) key)
    {
        ref Slot slot = ref Find(key.First, key.Second);
        return new Offset(slot.IsEmpty ? -1 : slot.Offset);
    }

    private bool TryPut(ulong first, ulong second, Offset offset)
    {
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

    private ref Slot Find(ulong first, ulong second)
    {
        int at = PlaceOf(first);
        while (!_slots[at].IsEmpty && (_slots[at].First != first || _slots[at].Second != second))
        {
            at = at + 1 == _slots.Length ? 0 : at + 1;
        }

        return ref _slots[at];
    }

    private int PlaceOf(ulong first) => (int)Math.BigMul(first, (ulong)_slots.Length, out _);

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
