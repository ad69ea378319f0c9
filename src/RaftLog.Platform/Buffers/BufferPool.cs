using System.Numerics;

namespace RaftLog.Platform.Buffers;

/// <summary>
/// Pinned buffers of 4, 16, 64, 256 and 1024 KiB, reused last-in-first-out; larger ones are made to size and not kept, unless the limits
/// say so. All leases together stay within a byte budget, so that hostile peers cost no more than that. What lies unused is given up.
/// One per node; safe for concurrent use.
/// </summary>
public sealed partial class BufferPool : IDisposable
{
    /// <summary>The smallest buffer, in bytes.</summary>
    public const int SmallestSlab = 4 << 10;

    /// <summary>The largest buffer that is reused, in bytes.</summary>
    public const int LargestSlab = 1 << 20;

    private const int Classes = 5;

    private readonly BufferPoolLimits _limits;
    private readonly bool _poison;
    private readonly Lock _lock = new();
    private readonly Stack<Slab>[] _idle = new Stack<Slab>[Classes];
    private readonly int[] _leastIdle = new int[Classes];
    private readonly List<Slab> _large = [];
    private int _leastLarge;
    private readonly ITimer _timer;
    private long _leasedBytes;
    private long _idleBytes;
    private bool _armed;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="time">The clock by which idle buffers are given up.</param>
    /// <param name="limits">The bounds.</param>
    /// <param name="poison">Overwrite returned buffers, so that a test sees the use of a buffer after its release.</param>
    public BufferPool(TimeProvider time, BufferPoolLimits limits, bool poison = false)
    {
        _limits = limits;
        _poison = poison;
        for (int i = 0; i < Classes; i++)
        {
            _idle[i] = new Stack<Slab>();
        }

        using AsyncFlowControl? noFlow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _timer = time.CreateTimer(static self => ((BufferPool)self!).Trim(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Bytes that are leased now, by the size of the memory behind each lease.</summary>
    public long LeasedBytes
    {
        get
        {
            lock (_lock)
            {
                return _leasedBytes;
            }
        }
    }

    /// <summary>Bytes that are kept for reuse now.</summary>
    public long IdleBytes
    {
        get
        {
            lock (_lock)
            {
                return _idleBytes;
            }
        }
    }

    /// <summary>The most bytes that may be leased at once.</summary>
    public long MaxBytes => _limits.MaxBytes;

    /// <summary>Bytes that may still be leased.</summary>
    public long FreeBytes => _limits.MaxBytes - LeasedBytes;

    /// <summary>Leases a buffer; null when the budget does not allow it: the caller stops reading, or closes the connection.</summary>
    public PooledBuffer? TryRent(int length) => TryRent(length, leaving: 0);

    /// <summary>
    /// Leases a larger buffer in place of one whose owner copies its bytes and gives it back at once; null when the budget does not allow
    /// it. The smaller one does not count: else nothing that needs more than half of the budget could ever grow into its size.
    /// </summary>
    public PooledBuffer? TryReplace(PooledBuffer smaller, int length) => TryRent(length, smaller.Size);

    private PooledBuffer? TryRent(int length, int leaving)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int index = ClassOf(length);
        int size = index < Classes ? SizeOf(index) : SizeOfLarge(length);
        Slab? slab = null;
        lock (_lock)
        {
            if (
                index >= Classes
                && FindLarge(size) is >= 0 and var found
                && _leasedBytes - leaving + _large[found].Size <= _limits.MaxBytes
            )
            {
                slab = _large[found];
                _large.RemoveAt(found);
                _leastLarge = Math.Min(_leastLarge, _large.Count);
                _idleBytes -= slab.Size;
                size = slab.Size;
            }

            bool isUsedUp = _leasedBytes - leaving + size > _limits.MaxBytes;
            SeededBugHasNoBound(ref isUsedUp);
            if (isUsedUp)
            {
                return null;
            }

            _leasedBytes += size;
            if (index < Classes && _idle[index].TryPop(out slab))
            {
                _idleBytes -= size;
                _leastIdle[index] = Math.Min(_leastIdle[index], _idle[index].Count);
            }
        }

        return new PooledBuffer(slab ?? new Slab(this, Allocate(size)), length);
    }

    /// <summary>Stops giving up idle buffers by time; leases stay valid.</summary>
    public void Dispose() => _timer.Dispose();

    static partial void SeededBugHasNoBound(ref bool isUsedUp);

    internal void Return(Slab slab)
    {
        if (_poison)
        {
            slab.Poison();
        }

        int index = ClassOf(slab.Size);
        lock (_lock)
        {
            _leasedBytes -= slab.Size;
            if ((index < Classes || _limits.ReusesLarge) && _idleBytes + slab.Size <= _limits.MaxIdleBytes)
            {
                if (index < Classes)
                {
                    _idle[index].Push(slab);
                }
                else
                {
                    _large.Add(slab);
                }

                _idleBytes += slab.Size;
                Arm();
            }
        }
    }

    /// <summary>The bytes of the smallest buffer that holds so many: what one lease of them takes of the budget at least.</summary>
    public static int LeastFor(int length) => ClassOf(length) is < Classes and var index ? SizeOf(index) : length;

    private static int ClassOf(int length) => length <= SmallestSlab ? 0 : (BitOperations.Log2((uint)length - 1) - 10) / 2;

    private static int SizeOf(int index) => SmallestSlab << (2 * index);

    private int SizeOfLarge(int length) =>
        _limits.ReusesLarge && length <= int.MaxValue - LargestSlab ? (length + LargestSlab - 1) & ~(LargestSlab - 1) : length;

    /// <summary>The last large buffer that is not much larger than asked for; -1 for none. Under the lock.</summary>
    private int FindLarge(int size) => _large.FindLastIndex(slab => slab.Size >= size && slab.Size <= 2L * size);

    private byte[] Allocate(int size)
    {
        try
        {
            return GC.AllocateUninitializedArray<byte>(size, pinned: true);
        }
        catch
        {
            lock (_lock)
            {
                _leasedBytes -= size;
            }

            throw;
        }
    }

    private void Trim()
    {
        lock (_lock)
        {
            _armed = false;
            for (int i = 0; i < Classes; i++)
            {
                for (int unused = _leastIdle[i]; unused > 0; unused--)
                {
                    _idleBytes -= _idle[i].Pop().Size;
                }

                _leastIdle[i] = _idle[i].Count;
            }

            for (; _leastLarge > 0; _leastLarge--)
            {
                _idleBytes -= _large[0].Size;
                _large.RemoveAt(0);
            }

            _leastLarge = _large.Count;
            Arm();
        }
    }

    private void Arm()
    {
        if (!_armed && _idleBytes > 0)
        {
            _armed = true;
            _timer.Change(_limits.IdleTime, Timeout.InfiniteTimeSpan);
        }
    }
}
