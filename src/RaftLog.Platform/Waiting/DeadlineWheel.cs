using System.Numerics;

namespace RaftLog.Platform.Waiting;

/// <summary>
/// A hierarchical timing wheel (Varghese and Lauck, 1987) of millisecond grain: seven levels of 64 slots, adding and removing in constant
/// time. A waiter stands on the level of the highest six-bit digit in which its deadline differs from the current time, so all slots of a
/// level that hold something lie ahead of the current one. Not safe for concurrent use.
/// </summary>
internal sealed class DeadlineWheel
{
    /// <summary>The bucket of a waiter that is in no wheel.</summary>
    internal const int Unlinked = -1;

    /// <summary>The longest time ahead that fits: 2^42 - 1 milliseconds, 139 years.</summary>
    internal const long LongestMs = (1L << (Levels * DigitBits)) - 1;

    private const int Levels = 7;
    private const int DigitBits = 6;
    private const int Slots = 1 << DigitBits;
    private const int Forever = Levels * Slots;

    private readonly Waiter?[] _buckets = new Waiter?[Forever + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _now;

    /// <summary>Adds a waiter whose deadline is a time in milliseconds, or <see cref="long.MaxValue"/> for none.</summary>
    internal void Add(Waiter waiter, long deadline)
    {
        if (deadline == long.MaxValue)
        {
            waiter.Deadline = deadline;
            Link(waiter, Forever);
            return;
        }

        waiter.Deadline = Math.Clamp(deadline, _now + 1, LongestMs);
        int level = (63 - BitOperations.LeadingZeroCount((ulong)(waiter.Deadline ^ _now) | (Slots - 1))) / DigitBits;
        int slot = (int)(waiter.Deadline >> (level * DigitBits)) & (Slots - 1);
        _occupied[level] |= 1UL << slot;
        Link(waiter, level * Slots + slot);
    }

    /// <summary>Takes a waiter out, if it is in.</summary>
    internal void Remove(Waiter waiter)
    {
        if (waiter.Bucket == Unlinked)
        {
            return;
        }

        if (waiter.Previous is { } previous)
        {
            previous.Next = waiter.Next;
        }
        else
        {
            _buckets[waiter.Bucket] = waiter.Next;
            if (waiter.Next is null && waiter.Bucket != Forever)
            {
                _occupied[waiter.Bucket / Slots] &= ~(1UL << (waiter.Bucket % Slots));
            }
        }

        if (waiter.Next is { } next)
        {
            next.Previous = waiter.Previous;
        }

        waiter.Previous = null;
        waiter.Next = null;
        waiter.Bucket = Unlinked;
    }

    /// <summary>
    /// The time in milliseconds at which the wheel must be advanced next; <see cref="long.MaxValue"/> when nothing has a deadline.
    /// </summary>
    internal long NextWork()
    {
        for (int level = 0; level < Levels; level++)
        {
            if (_occupied[level] != 0)
            {
                long slot = BitOperations.TrailingZeroCount(_occupied[level]);
                long above = _now >> ((level + 1) * DigitBits) << DigitBits;
                return (above | slot) << (level * DigitBits);
            }
        }

        return long.MaxValue;
    }

    /// <summary>Moves the time forward and takes out all whose deadline has come, earliest first.</summary>
    internal void Advance(long now, List<Wait> due)
    {
        for (long work = NextWork(); work <= now; work = NextWork())
        {
            _now = work;
            for (int level = Levels - 1; level >= 0; level--)
            {
                Open(level * Slots + ((int)(work >> (level * DigitBits)) & (Slots - 1)), due);
            }
        }

        _now = Math.Max(_now, now);
    }

    /// <summary>Takes out everything.</summary>
    internal void Drain(List<Wait> all)
    {
        for (int bucket = 0; bucket <= Forever; bucket++)
        {
            while (_buckets[bucket] is { } waiter)
            {
                Remove(waiter);
                all.Add(new Wait(waiter, waiter.Version));
            }
        }
    }

    private void Open(int bucket, List<Wait> due)
    {
        while (_buckets[bucket] is { } waiter)
        {
            Remove(waiter);
            if (waiter.Deadline <= _now)
            {
                due.Add(new Wait(waiter, waiter.Version));
            }
            else
            {
                Add(waiter, waiter.Deadline);
            }
        }
    }

    private void Link(Waiter waiter, int bucket)
    {
        waiter.Bucket = bucket;
        waiter.Next = _buckets[bucket];
        if (waiter.Next is { } next)
        {
            next.Previous = waiter;
        }

        _buckets[bucket] = waiter;
    }
}
