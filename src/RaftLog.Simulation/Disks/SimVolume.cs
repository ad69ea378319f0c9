using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>
/// The disk of a machine. It outlives its programs. When the machine loses its power, what was flushed is there, and of the rest a random
/// part: bytes by sectors, names by the order of their changes.
/// </summary>
public sealed class SimVolume
{
    /// <summary>
    /// What the cause of a failed operation begins with that asked for what is not there. No fault of the world makes it so.
    /// </summary>
    internal const string Absent = "there is no such";

    /// <summary>So much slower, the shortest flush takes longer than any run lasts.</summary>
    private const int Hanging = 100_000_000;

    private readonly SimScheduler _scheduler;
    private readonly SimRandom _random;
    private readonly SimDirectory _root = new();
    private readonly List<SimDirectory> _directories = [];
    private readonly List<SimInode> _files = [];
    private readonly Dictionary<string, Incarnation> _locks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _paths = new(StringComparer.Ordinal);
    private readonly List<SimEvent> _slowFlushes = [];
    private bool _failsNextFlush;
    private int _untilFault;
    private Action? _fault;

    internal SimVolume(SimScheduler scheduler, SimRandom random, DiskProfile profile, int number)
    {
        _scheduler = scheduler;
        _random = random;
        Profile = profile;
        Number = number;
        _directories.Add(_root);
    }

    /// <summary>How it behaves.</summary>
    public DiskProfile Profile { get; set; }

    internal SimScheduler Scheduler => _scheduler;

    internal int Number { get; }

    /// <summary>True when an operation was rejected in the life of the present incarnation: then it may halt itself.</summary>
    internal bool HasRejected { get; private set; }

    /// <summary>True while it has no space for another byte or name.</summary>
    internal bool IsFull { get; set; }

    /// <summary>True while the system has no descriptor for another file.</summary>
    internal bool HasNoDescriptors { get; set; }

    /// <summary>True while no directory may be changed: no name is made, renamed or removed.</summary>
    internal bool IsUnchangeable { get; set; }

    /// <summary>
    /// How many times slower flushes are than the profile says. A flush that has begun stays as slow as it was, for minutes where it met a
    /// stall, until <see cref="EndSlowness"/>.
    /// </summary>
    internal int Slowness { get; set; } = 1;

    /// <summary>True while flushes that begin are slow, or one that began so has not ended.</summary>
    internal bool IsSlow => Slowness > 1 || _slowFlushes.Count > 0;

    /// <summary>Rejects what needs space while there is none.</summary>
    internal void RequireSpace(string path, string operation)
    {
        if (IsFull)
        {
            HasRejected = true;
            ErrorResponses++;
            throw new DiskException(path, DiskErrorKind.NoSpace, operation, "no space left on the disk");
        }
    }

    /// <summary>Declines to open a file while there is no descriptor for it.</summary>
    internal void RequireDescriptor(string path, int open)
    {
        if (HasNoDescriptors || open >= Profile.Descriptors)
        {
            HasRejected = true;
            ErrorResponses++;
            throw new DiskException(path, DiskErrorKind.NoDescriptors, "open", "too many open files");
        }
    }

    /// <summary>Declines to change a directory while that is not permitted.</summary>
    internal void RequireChangeable(string path, string operation)
    {
        if (IsUnchangeable)
        {
            HasRejected = true;
            ErrorResponses++;
            throw new DiskException(path, DiskErrorKind.NotPermitted, operation, "permission denied");
        }
    }

    /// <summary>Bytes that were written and not flushed when the power went.</summary>
    internal long LostBytes { get; private set; }

    /// <summary>How many operations were rejected.</summary>
    internal int ErrorResponses { get; private set; }

    /// <summary>Everything is gone, and an empty disk is there.</summary>
    internal void Wipe()
    {
        Crashes++;
        _directories.RemoveAll(each => each != _root);
        _files.Clear();
        _root.Clear();
        _locks.Clear();
    }

    /// <summary>How often the power was lost.</summary>
    internal int Crashes { get; private set; }

    /// <summary>Arms a fault that happens inside an operation, not between two.</summary>
    /// <param name="operations">How many operations from now.</param>
    /// <param name="fault">What happens.</param>
    internal void ArmFault(int operations, Action fault) => (_untilFault, _fault) = (operations, fault);

    internal void DisarmFault() => (_fault, _failsNextFlush) = (null, false);

    /// <summary>The next flush of files will report an error of the medium.</summary>
    internal void FailNextFlush() => _failsNextFlush = true;

    /// <summary>Some file has a place that does not give back what was written.</summary>
    internal bool IsDamaged => _files.Exists(each => each.IsDamaged);

    /// <summary>How often such a place was read.</summary>
    internal int DamagedReads { get; private set; }

    /// <summary>A program has read a damaged place: now it may halt itself.</summary>
    internal void MeetDamage(Incarnation reader)
    {
        if (reader.IsAlive)
        {
            DamagedReads++;
            HasRejected = true;
        }
    }

    /// <summary>The medium gives back what was written again.</summary>
    internal void MendDamage() => _files.ForEach(each => each.Mend());

    /// <summary>A new incarnation has come: it has seen no rejection.</summary>
    internal void ForgetRejections() => HasRejected = false;

    /// <summary>True when this flush is the one that fails; the pages of its files are then lost.</summary>
    internal bool TryFailFlush(IReadOnlyList<SimInode> files)
    {
        if (!_failsNextFlush)
        {
            return false;
        }

        _failsNextFlush = false;
        HasRejected = true;
        ErrorResponses++;
        foreach (SimInode file in files)
        {
            file.LosePages(_random);
        }

        return true;
    }

    /// <summary>Called at the beginning of each operation that changes something.</summary>
    internal void BeforeOperation()
    {
        _scheduler.RequireOwnThread();
        if (_fault is { } fault && --_untilFault <= 0)
        {
            _fault = null;
            fault();
        }
    }

    /// <summary>The power is lost, with all that was not flushed but for chance.</summary>
    internal void LosePower()
    {
        Crashes++;
        foreach (SimDirectory directory in _directories)
        {
            directory.Crash(_random);
        }

        foreach (SimDirectory directory in _directories)
        {
            directory.Reload();
        }

        foreach (SimInode file in _files)
        {
            LostBytes += file.PendingBytes;
            file.Crash(_random);
        }

        _locks.Clear();
        Sweep();
    }

    /// <summary>The bytes of a file as a reader sees them; null where it is absent.</summary>
    public byte[]? ReadFile(string path) => Find(path) is SimInode file ? file.Current.Span.ToArray() : null;

    /// <summary>The names of the files in a directory, in ordinal order.</summary>
    public IReadOnlyList<string> ListFiles(string path) => Names<SimInode>(path);

    internal List<string> Names<T>(string path) =>
        Find(path) is SimDirectory directory ? [.. directory.Current.Where(each => each.Value is T).Select(each => each.Key)] : [];

    internal object? Find(string path) => Find(path, durable: false);

    /// <summary>What a path leads to, in the view of readers or in what survives a loss of power.</summary>
    internal object? Find(string path, bool durable)
    {
        object? at = _root;
        foreach (string name in PartsOf(path))
        {
            if (at is not SimDirectory directory || !(durable ? directory.Durable : directory.Current).TryGetValue(name, out at))
            {
                return null;
            }
        }

        return at;
    }

    internal (SimDirectory Directory, string Name) Place(string path, string operation)
    {
        int slash = path.TrimEnd('/').LastIndexOf('/');
        return Find(path[..slash]) is SimDirectory directory
            ? (directory, path.TrimEnd('/')[(slash + 1)..])
            : throw new DiskException(path, DiskErrorKind.NotFound, operation, $"{Absent} directory");
    }

    internal SimInode NewFile()
    {
        SimInode file = new();
        _files.Add(file);
        return file;
    }

    internal void MakeDirectories(string path)
    {
        SimDirectory at = _root;
        foreach (string name in Split(path))
        {
            if (!at.Current.TryGetValue(name, out object? next))
            {
                SimDirectory made = new();
                _directories.Add(made);
                at.Set(name, made);
                next = made;
            }

            at = next as SimDirectory ?? throw new DiskException(path, DiskErrorKind.Io, "create directory", "a file has this name");
        }
    }

    /// <summary>Schedules the end of a flush that begins now.</summary>
    internal void BeginFlush(Action end)
    {
        if (Slowness == 1)
        {
            _scheduler.After(Profile.Draw(_random), end);
            return;
        }

        SimEvent? flush = null;
        flush = _scheduler.After(
            Profile.Draw(_random) * Slowness,
            () =>
            {
                _slowFlushes.Remove(flush!);
                end();
            }
        );
        _slowFlushes.Add(flush);
    }

    /// <summary>No flush that begins from now on ends before <see cref="EndSlowness"/>.</summary>
    internal void Hang() => Slowness = Hanging;

    /// <summary>The disk is as fast as its profile says, for flushes that hang on it too.</summary>
    internal void EndSlowness()
    {
        Slowness = 1;
        foreach (SimEvent flush in _slowFlushes)
        {
            flush.Cancel();
            _scheduler.After(Profile.Draw(_random), flush.Action);
        }

        _slowFlushes.Clear();
    }

    /// <summary>A file is gone for good, while nobody uses the disk.</summary>
    internal void Remove(string directory, string name)
    {
        SimDirectory from = (SimDirectory)Find(directory)!;
        from.Set(name, null);
        from.MakeDurable(from.Changes);
    }

    /// <summary>A directory gets copies of another's files in place of its own, for good, while nobody uses the disk.</summary>
    internal void ReplaceFiles(string directory, string other)
    {
        SimDirectory into = (SimDirectory)Find(directory)!;
        foreach (string name in into.Current.Keys.ToList())
        {
            into.Set(name, null);
        }

        foreach ((string name, object entry) in ((SimDirectory)Find(other)!).Current)
        {
            SimInode copy = NewFile();
            copy.Write(0, ((SimInode)entry).Current.Span);
            copy.MakeDurable(copy.Operations);
            into.Set(name, copy);
        }

        into.MakeDurable(into.Changes);
    }

    internal bool TryLock(string path, Incarnation owner)
    {
        if (_locks.TryGetValue(path, out Incarnation? holder) && holder.IsAlive)
        {
            return false;
        }

        _locks[path] = owner;
        return true;
    }

    internal void Unlock(string path) => _locks.Remove(path);

    // The paths of a run are few, and looked up again and again.
    private string[] PartsOf(string path)
    {
        if (!_paths.TryGetValue(path, out string[]? parts))
        {
            parts = Split(path);
            _paths.Add(path, parts);
        }

        return parts;
    }

    private static string[] Split(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    // What no name leads to any more is forgotten.
    private void Sweep()
    {
        HashSet<object> reached = [];
        Stack<SimDirectory> toVisit = new([_root]);
        while (toVisit.TryPop(out SimDirectory? directory))
        {
            reached.Add(directory);
            foreach (object entry in directory.Current.Values)
            {
                if (entry is SimDirectory child)
                {
                    toVisit.Push(child);
                }
                else
                {
                    reached.Add(entry);
                }
            }
        }

        _directories.RemoveAll(each => !reached.Contains(each));
        _files.RemoveAll(each => !reached.Contains(each));
    }
}
