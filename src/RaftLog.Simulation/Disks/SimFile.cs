using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>An open file of an incarnation. It goes on working after its name is gone.</summary>
internal sealed class SimFile(SimVolume volume, SimDisk disk, Incarnation owner, string path, SimInode inode) : IDiskFile
{
    private bool _closed;

    public string Path => path;

    public long Length => Open("stat").Current.Length;

    internal SimInode Inode => inode;

    public int Read(long position, Span<byte> target)
    {
        SimInode file = Open("read");
        int count = file.Current.Read(position, target);
        if (file.IsDamaged && file.DamageIn(position, count) is { } damage)
        {
            volume.MeetDamage(owner);
            if (damage.Instead is null)
            {
                throw new DiskException(path, DiskErrorKind.Io, "read", $"the medium reported an error at byte {damage.Position}");
            }

            damage.Show(position, target[..count]);
        }

        return count;
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        SimInode file = Open("write");
        volume.BeforeOperation();
        if (owner.IsAlive)
        {
            volume.Scheduler.Trace.Note(TraceKind.Write, volume.Scheduler.Now, volume.Number, position);
            volume.Scheduler.Trace.Note(source);
            if (position + source.Length > file.Current.Length)
            {
                volume.RequireSpace(path, "write");
            }

            file.Write(position, source);
        }
    }

    public void SetLength(long length)
    {
        SimInode file = Open("truncate");
        volume.BeforeOperation();
        if (owner.IsAlive)
        {
            volume.Scheduler.Trace.Note(TraceKind.SetLength, volume.Scheduler.Now, volume.Number, length);
            if (length > file.Current.Length)
            {
                volume.RequireSpace(path, "extend");
            }

            file.SetLength(length);
        }
    }

    public void DropCache()
    {
        SimInode file = Open("fadvise");
        if (owner.IsAlive)
        {
            file.DropCache();
        }
    }

    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            disk.Closed();
        }
    }

    private SimInode Open(string operation)
    {
        volume.Scheduler.RequireOwnThread();
        return _closed ? throw new DiskException(path, DiskErrorKind.NotFound, operation, "the file is closed") : inode;
    }
}
