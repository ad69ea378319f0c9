using RaftLog.Protocol;

namespace RaftLog.Platform.Buffers;

/// <summary>
/// A lease of pinned memory with a count of references. Whoever keeps it longer than the one who lent it calls <see cref="Retain"/>; every
/// reference ends in one <see cref="Release"/>, and the last gives the memory back. Releasing once too often stops the node: a
/// buffer that two owners write to corrupts a log.
/// </summary>
public sealed class PooledBuffer
{
    private readonly BufferPool _pool;
    private readonly byte[] _array;
    private int _references = 1;

    internal PooledBuffer(BufferPool pool, byte[] array, int length)
    {
        _pool = pool;
        _array = array;
        Length = length;
    }

    /// <summary>The bytes asked for; the content is arbitrary at first.</summary>
    public int Length { get; }

    /// <summary>The leased memory, of <see cref="Length"/> bytes.</summary>
    public Memory<byte> Memory
    {
        get
        {
            CheckLeased();
            return new Memory<byte>(_array, 0, Length);
        }
    }

    /// <summary>The leased memory, of <see cref="Length"/> bytes.</summary>
    public Span<byte> Span
    {
        get
        {
            CheckLeased();
            return new Span<byte>(_array, 0, Length);
        }
    }

    /// <summary>Adds a reference.</summary>
    public void Retain() =>
        Invariant.Holds(Interlocked.Increment(ref _references) > 1, "P-01", "a buffer was retained after its last release");

    /// <summary>Ends a reference.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0, "P-01", "a buffer was released twice");
        if (left == 0)
        {
            _pool.Return(_array);
        }
    }

    private void CheckLeased() => Invariant.Holds(Volatile.Read(ref _references) > 0, "P-01", "a buffer was used after its last release");
}
