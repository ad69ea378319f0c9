using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Which snapshot of producers of one log is known to be on the disk. Snapshots are not flushed when they are written, since the batches
/// before them tell the same. One that has to do without these is flushed first. Under the lock of its <see cref="FlushProgress"/>.
/// </summary>
internal sealed class SnapshotDurability
{
    private Offset _asked = Offset.None;
    private Offset _inFlight = Offset.None;
    private Offset _durable = Offset.None;

    /// <summary>True when the snapshot at an offset is on the disk.</summary>
    public bool Has(Offset at) => _durable == at;

    /// <summary>True when it will be flushed, or is.</summary>
    public bool IsUnderWay(Offset at) => _asked == at || _inFlight == at;

    /// <summary>The next flush has it.</summary>
    public void Ask(Offset at) => _asked = at;

    /// <summary>A flush begins.</summary>
    public void Begin() => (_inFlight, _asked) = (_asked, Offset.None);

    /// <summary>It has succeeded.</summary>
    public void Complete() => _durable = _inFlight == Offset.None ? _durable : _inFlight;

    /// <summary>It is over.</summary>
    public void End() => _inFlight = Offset.None;

    /// <summary>The snapshots from an offset on are others from now on, or gone.</summary>
    public void ChangeFrom(Offset at) => (_asked, _inFlight, _durable) = (Before(_asked, at), Before(_inFlight, at), Before(_durable, at));

    private static Offset Before(Offset snapshot, Offset at) => snapshot < at ? snapshot : Offset.None;
}
