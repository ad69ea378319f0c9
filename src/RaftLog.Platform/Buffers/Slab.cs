using RaftLog.Protocol;

namespace RaftLog.Platform.Buffers;

/// <summary>
/// Memory of a pool through its leases, one at a time. A lease has a number, and every operation names it, so that one who still holds an
/// earlier lease is recognized without an object for each.
/// </summary>
internal sealed class Slab(BufferPool pool, byte[] bytes)
{
    // The number of the lease in the upper half, the references to it in the lower. One word, so that a change is one compare-and-swap
    // that an earlier lease cannot win.
    private long _state;

    /// <summary>The size of the memory, in bytes.</summary>
    public int Size => bytes.Length;

    /// <summary>Begins the next lease, with one reference. For the pool alone, while there is none.</summary>
    public int BeginLease()
    {
        int lease = LeaseIn(_state) + 1;
        Volatile.Write(ref _state, ((long)lease << 32) | 1);
        return lease;
    }

    /// <summary>The memory, while the lease has a reference.</summary>
    public byte[] BytesOf(int lease)
    {
        Invariant.Holds(IsHeld(Volatile.Read(ref _state), lease), "P-01", "a buffer was used after its last release");
        return bytes;
    }

    /// <summary>Adds a reference to a lease.</summary>
    public void Retain(int lease)
    {
        long state;
        do
        {
            state = Volatile.Read(ref _state);
            Invariant.Holds(IsHeld(state, lease), "P-01", "a buffer was retained after its last release");
        } while (Interlocked.CompareExchange(ref _state, state + 1, state) != state);
    }

    /// <summary>Ends a reference to a lease; the last one gives the memory back.</summary>
    public void Release(int lease)
    {
        long state;
        do
        {
            state = Volatile.Read(ref _state);
            Invariant.Holds(IsHeld(state, lease), "P-01", "a buffer was released twice");
        } while (Interlocked.CompareExchange(ref _state, state - 1, state) != state);

        if (ReferencesIn(state) == 1)
        {
            pool.Return(this);
        }
    }

    /// <summary>Overwrites the memory, so that its use after a release shows.</summary>
    public void Poison() => bytes.AsSpan().Fill(0xDB);

    private static bool IsHeld(long state, int lease) => LeaseIn(state) == lease && ReferencesIn(state) > 0;

    private static int LeaseIn(long state) => (int)(state >> 32);

    private static int ReferencesIn(long state) => (int)state;
}
