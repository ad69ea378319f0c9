namespace RaftLog.Platform.Buffers;

/// <summary>
/// A lease of pinned memory with a count of references. Whoever keeps it longer than the one who lent it calls <see cref="Retain"/>; every
/// reference ends in one <see cref="Release"/>, and the last gives the memory back. Releasing once too often stops the node: a
/// buffer that two owners write to corrupts a log. Copies are the same lease; one that is kept after the last release is
/// recognized, although other leases have the memory by then.
/// </summary>
public readonly struct PooledBuffer
{
    private readonly Slab _slab;
    private readonly int _lease;

    internal PooledBuffer(Slab slab, int length)
    {
        _slab = slab;
        _lease = slab.BeginLease();
        Length = length;
    }

    /// <summary>The bytes asked for; the content is arbitrary at first.</summary>
    public int Length { get; }

    /// <summary>The bytes of the memory behind the lease.</summary>
    internal int Size => _slab.Size;

    /// <summary>The leased memory, of <see cref="Length"/> bytes.</summary>
    public Memory<byte> Memory => new(_slab.BytesOf(_lease), 0, Length);

    /// <summary>The leased memory, of <see cref="Length"/> bytes.</summary>
    public Span<byte> Span => new(_slab.BytesOf(_lease), 0, Length);

    /// <summary>Adds a reference.</summary>
    public void Retain() => _slab.Retain(_lease);

    /// <summary>Ends a reference.</summary>
    public void Release() => _slab.Release(_lease);
}
