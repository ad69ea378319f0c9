namespace RaftLog.Platform;

/// <summary>
/// The files that have a descriptor now, and which of them gives it up. Bounded by the capacity, except for files that cannot be closed.
/// </summary>
internal sealed class OpenFiles(int capacity)
{
    /// <summary>How many are looked at for one that can go: so opening a file costs little when few can.</summary>
    private const int MostLooks = 64;

    private readonly Lock _gate = new();

    /// <summary>In the order in which they are looked at next.</summary>
    private readonly LinkedList<CachedFile> _files = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _files.Count;
            }
        }
    }

    /// <summary>A file has a descriptor.</summary>
    public void Add(CachedFile file)
    {
        lock (_gate)
        {
            _files.AddLast(file.Place);
        }
    }

    /// <summary>A file has none any more.</summary>
    public void Remove(CachedFile file)
    {
        lock (_gate)
        {
            if (file.Place.List is not null)
            {
                _files.Remove(file.Place);
            }
        }
    }

    /// <summary>
    /// Closes files that were not used of late while there are more than there may be. The caller holds no lock of a folder.
    /// </summary>
    /// <param name="wanted">How many are about to be opened.</param>
    public void MakeRoom(int wanted)
    {
        for (int looks = 0; looks < MostLooks && Next(capacity - wanted + 1) is { } file; looks++)
        {
            if (file.IsInUse)
            {
                file.IsInUse = false;
            }
            else
            {
                Close(file);
            }
        }
    }

    /// <summary>Closes half of the files that can be closed, since the system has no descriptor left; false when there are none.</summary>
    public bool GiveUpHalf()
    {
        int all = Count;
        int closed = 0;
        for (int looks = 0; looks < all && closed <= all / 2 && Next(1) is { } file; looks++)
        {
            closed += Close(file) ? 1 : 0;
        }

        return closed > 0;
    }

    private CachedFile? Next(int least)
    {
        lock (_gate)
        {
            if (_files.Count < least || _files.First is not { } first)
            {
                return null;
            }

            _files.RemoveFirst();
            _files.AddLast(first);
            return first.Value;
        }
    }

    private bool Close(CachedFile file)
    {
        // Somebody may be opening a file there on a disk that hangs: then another file goes.
        if (!file.Folder.Gate.TryEnter())
        {
            return false;
        }

        try
        {
            if (!file.TryClose())
            {
                return false;
            }

            Remove(file);
            return true;
        }
        finally
        {
            file.Folder.Gate.Exit();
        }
    }
}
