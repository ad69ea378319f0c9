namespace RaftLog.Simulation;

/// <summary>
/// A directory: the names as a reader sees them, as they are on the medium, and the changes between the two. An entry is a file or a
/// directory.
/// </summary>
internal sealed class SimDirectory
{
    private readonly SortedDictionary<string, object> _durable = new(StringComparer.Ordinal);
    private readonly List<(long Number, NameChange Change)> _pending = [];
    private long _changes;

    internal SortedDictionary<string, object> Current { get; } = new(StringComparer.Ordinal);

    /// <summary>The names that survive a loss of power.</summary>
    internal SortedDictionary<string, object> Durable => _durable;

    /// <summary>Grows with each change of the names in either view.</summary>
    internal long Version { get; private set; }

    /// <summary>The number of the last change.</summary>
    internal long Changes => _changes;

    internal void Set(string name, object? entry) => Change(new NameChange([(this, name, entry)]));

    /// <summary>Moves an entry, in one step that is on the medium as a whole or not at all.</summary>
    internal static void Move(SimDirectory from, string name, SimDirectory to, string newName, object entry)
    {
        NameChange change = new([(from, name, null), (to, newName, entry)]);
        from.Change(change);
        if (to != from)
        {
            to.Note(change);
        }
    }

    /// <summary>Brings the changes up to one to the medium.</summary>
    internal void MakeDurable(long upTo)
    {
        int count = 0;
        for (; count < _pending.Count && _pending[count].Number <= upTo; count++)
        {
            NameChange change = _pending[count].Change;
            if (!change.IsDurable)
            {
                change.IsDurable = true;
                foreach ((SimDirectory directory, string name, object? entry) in change.Entries)
                {
                    Put(directory._durable, name, entry);
                    directory.Version++;
                }
            }
        }

        _pending.RemoveRange(0, count);
    }

    /// <summary>Power is lost: of the changes that were not flushed the medium keeps the first few.</summary>
    internal void Crash(SimRandom random) => MakeDurable(random.Chance(0.5) ? 0 : _changes - random.Next(_pending.Count + 1));

    /// <summary>After the crash of every directory: what is on the medium is what there is.</summary>
    internal void Reload()
    {
        _pending.Clear();
        Current.Clear();
        Version++;
        foreach ((string name, object entry) in _durable)
        {
            Current.Add(name, entry);
        }
    }

    /// <summary>Forgets every name, on the medium too.</summary>
    internal void Clear()
    {
        _durable.Clear();
        Reload();
    }

    private static void Put(SortedDictionary<string, object> names, string name, object? entry)
    {
        if (entry is null)
        {
            names.Remove(name);
        }
        else
        {
            names[name] = entry;
        }
    }

    private void Change(NameChange change)
    {
        Note(change);
        foreach ((SimDirectory directory, string name, object? entry) in change.Entries)
        {
            Put(directory.Current, name, entry);
            directory.Version++;
        }
    }

    private void Note(NameChange change) => _pending.Add((++_changes, change));

    private sealed class NameChange((SimDirectory Directory, string Name, object? Entry)[] entries)
    {
        internal (SimDirectory Directory, string Name, object? Entry)[] Entries => entries;

        internal bool IsDurable { get; set; }
    }
}
