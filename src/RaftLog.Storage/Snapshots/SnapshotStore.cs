using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// The snapshots of the metadata log, as files in its directory: <c>offset-epoch.checkpoint</c>, which are whole and on the disk, and
/// <c>.part</c> files that are being written. The Raft node uses it from one place at a time.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="directory">The metadata log's directory.</param>
public sealed class SnapshotStore(IDisk disk, string directory)
{
    private const string Suffix = ".checkpoint";
    private const string PartSuffix = ".checkpoint.part";
    private const string DeletedSuffix = ".checkpoint.deleted";
    private const string DamagedSuffix = ".checkpoint.damaged";

    /// <summary>The whole snapshots, oldest first.</summary>
    public IReadOnlyList<StoredSnapshotId> List()
    {
        List<StoredSnapshotId> found = [];
        foreach (string name in disk.ListFiles(directory))
        {
            if (
                name.EndsWith(Suffix, StringComparison.Ordinal)
                && StoredSnapshotId.TryParse(name.AsSpan(0, name.Length - Suffix.Length), out StoredSnapshotId id)
            )
            {
                found.Add(id);
            }
        }

        found.Sort();
        return found;
    }

    /// <summary>The newest whole snapshot; null where there is none.</summary>
    public StoredSnapshotId? Latest() => List() is [.., var last] ? last : null;

    /// <summary>Removes what an earlier process left unfinished; once, at start.</summary>
    public void RemoveUnfinished()
    {
        foreach (string name in disk.ListFiles(directory))
        {
            if (name.EndsWith(PartSuffix, StringComparison.Ordinal) || name.EndsWith(DeletedSuffix, StringComparison.Ordinal))
            {
                disk.DeleteFile($"{directory}/{name}");
            }
        }
    }

    /// <summary>Begins to take in a snapshot from the leader, piece by piece. A part of the same id is begun anew.</summary>
    public SnapshotWriter Begin(StoredSnapshotId id)
    {
        string path = BeginPart(id);
        return new SnapshotWriter(disk, directory, disk.OpenOrCreate(path), $"{directory}/{id}{Suffix}", id);
    }

    /// <summary>Begins to write a snapshot; waits while there is no descriptor. A part of the same id is begun anew.</summary>
    public async ValueTask<SnapshotWriter> BeginAsync(StoredSnapshotId id)
    {
        string path = BeginPart(id);
        return new SnapshotWriter(disk, directory, await AtomicFile.OpenAsync(disk, path), $"{directory}/{id}{Suffix}", id);
    }

    private string BeginPart(StoredSnapshotId id)
    {
        string path = $"{directory}/{id}{PartSuffix}";
        disk.DeleteFile(path);
        return path;
    }

    /// <summary>Opens a whole snapshot to read it, or to answer FetchSnapshot from it; null where it is absent. Dispose the file.</summary>
    public IDiskFile? Open(StoredSnapshotId id) => disk.OpenExisting($"{directory}/{id}{Suffix}");

    /// <summary>The file of a snapshot.</summary>
    public string PathOf(StoredSnapshotId id) => $"{directory}/{id}{Suffix}";

    /// <summary>Gives a damaged snapshot another name, so that it counts no more; its path now.</summary>
    public string SetAside(StoredSnapshotId id)
    {
        string path = $"{directory}/{id}{DamagedSuffix}";
        disk.Rename(PathOf(id), path);
        return path;
    }

    /// <summary>Deletes a snapshot whose content is not sound; does nothing where it is absent.</summary>
    public void Delete(StoredSnapshotId id) => disk.DeleteFile($"{directory}/{id}{Suffix}");

    /// <summary>Deletes the snapshots that are older than one; who has them open can go on reading.</summary>
    public void DeleteOlderThan(StoredSnapshotId keep)
    {
        foreach (StoredSnapshotId id in List())
        {
            if (id.CompareTo(keep) < 0)
            {
                Delete(id);
            }
        }
    }
}

/// <summary>
/// A snapshot that is being written. It exists for others once <see cref="FreezeAsync"/> has ended; dispose it in any case.
/// </summary>
public sealed class SnapshotWriter : IDisposable
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly IDiskFile _file;
    private readonly string _target;
    private bool _closed;

    internal SnapshotWriter(IDisk disk, string directory, IDiskFile file, string target, StoredSnapshotId id)
    {
        _disk = disk;
        _directory = directory;
        _file = file;
        _target = target;
        Id = id;
    }

    /// <summary>Which snapshot it will be.</summary>
    public StoredSnapshotId Id { get; }

    /// <summary>The bytes so far: the position to ask the leader for next.</summary>
    public long Length { get; private set; }

    /// <summary>Appends bytes: whole batches when they are made here, any piece when they are fetched.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _file.Write(Length, bytes);
        Length += bytes.Length;
    }

    /// <summary>Makes the snapshot whole: flush, rename, flush of the directory. Once it returns, the log before it may go.</summary>
    public async ValueTask FreezeAsync()
    {
        await _disk.FlushAsync([_file]);
        string part = _file.Path;
        Close();
        _disk.Rename(part, _target);
        await _disk.FlushDirectoryAsync(_directory);
    }

    /// <summary>Gives up on a snapshot that is not frozen, and removes its part; does nothing after <see cref="FreezeAsync"/>.</summary>
    public void Dispose()
    {
        if (!_closed)
        {
            Close();
            _disk.DeleteFile(_file.Path);
        }
    }

    private void Close()
    {
        _closed = true;
        _file.Dispose();
    }
}
