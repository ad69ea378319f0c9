using RaftLog.Platform;

namespace RaftLog.TestKit;

/// <summary>
/// A disk in memory that can lose power: bytes survive as far as they were flushed, names as far as their directory was. What was not
/// flushed may survive in part: any sectors of a file, any prefix of a directory's changes. A flush covers what was written before it
/// began, and may be held open by a test.
/// </summary>
public sealed class CrashDisk : IDisk
{
    private const int Sector = 64;

    private readonly DirectoryNode _root = new();
    private readonly HashSet<string> _locks = [];

    /// <summary>When set, flushes of files wait for it, and then cover what was written before they began.</summary>
    public TaskCompletionSource? HeldFlush { get; set; }

    /// <summary>When set, asked before each flush of files; an exception fails the flush.</summary>
    public Action? BeforeFlush { get; set; }

    /// <summary>The paths of all flushed files and directories, in order.</summary>
    public List<string> Flushes { get; } = [];

    public IDiskFile OpenOrCreate(string path)
    {
        (DirectoryNode parent, string name) = ParentOf(path);
        if (!parent.Now.TryGetValue(name, out Node? node))
        {
            node = new FileNode();
            parent.Change((name, node));
        }

        return new OpenFile(path, (FileNode)node);
    }

    public IDiskFile? OpenExisting(string path) => Find(path) is FileNode file ? new OpenFile(path, file) : null;

    public void CreateDirectory(string path)
    {
        DirectoryNode at = _root;
        foreach (string name in Split(path))
        {
            if (!at.Now.TryGetValue(name, out Node? next))
            {
                next = new DirectoryNode();
                at.Change((name, next));
            }

            at = (DirectoryNode)next;
        }
    }

    public bool FileExists(string path) => Find(path) is FileNode;

    public bool DirectoryExists(string path) => Find(path) is DirectoryNode;

    public IReadOnlyList<string> ListFiles(string directory) => List<FileNode>(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => List<DirectoryNode>(directory);

    public void Rename(string source, string target)
    {
        (DirectoryNode from, string oldName) = ParentOf(source);
        (DirectoryNode to, string newName) = ParentOf(target);
        Node node =
            from.Now.GetValueOrDefault(oldName) ?? throw new DiskException(source, DiskErrorKind.NotFound, "rename", "no such file");
        Assert.Same(from, to);
        from.Change((oldName, null), (newName, node));
    }

    public void DeleteFile(string path)
    {
        (DirectoryNode parent, string name) = ParentOf(path);
        if (parent.Now.ContainsKey(name))
        {
            parent.Change((name, null));
        }
    }

    public void DeleteDirectory(string path) => DeleteFile(path);

    public async ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        BeforeFlush?.Invoke();
        var taken = files
            .Select(file => ((OpenFile)file).Node)
            .Select(node => (Node: node, Content: node.Now.ToArray(), Changes: node.Pending.ToHashSet()))
            .ToArray();
        Flushes.AddRange(files.Select(file => file.Path));
        if (HeldFlush is { } held)
        {
            await held.Task;
        }

        foreach ((FileNode node, byte[] content, HashSet<FileChange> changes) in taken)
        {
            node.Durable = content;
            node.Pending.RemoveAll(changes.Contains);
        }
    }

    public ValueTask FlushDirectoryAsync(string directory)
    {
        if (Find(directory) is not DirectoryNode node)
        {
            return ValueTask.FromException(new DiskException(directory, DiskErrorKind.NotFound, "flush", "no such directory"));
        }

        Flushes.Add(directory);
        node.Pending.Clear();
        node.Durable = new SortedDictionary<string, Node>(node.Now, StringComparer.Ordinal);
        return ValueTask.CompletedTask;
    }

    public IDisposable? TryLock(string path) => _locks.Add(path) ? new FileLock(() => _locks.Remove(path)) : null;

    public DiskSpace Space(string path) => new(1L << 40, 1L << 39);

    /// <summary>The power goes: what was flushed stays, of the rest what the chooser keeps. All open files and locks are gone.</summary>
    /// <param name="next">A number from 0 to its argument less one.</param>
    public void LosePower(Func<int, int> next)
    {
        LosePower((_, all) => next(all + 1), file => Survivors(file, next));
    }

    /// <summary>How many writes and truncations of files and changes of directories were not flushed.</summary>
    public int UnflushedChanges => Unflushed(_root).Count();

    /// <summary>The power goes, and everything that was not flushed is on the disk nevertheless.</summary>
    public void LosePowerKeepingAll() => LosePower((_, all) => all, static file => [.. file.Now]);

    /// <summary>
    /// The power goes, and of what was not flushed one change is on the disk: of a directory with those before it, as file systems keep
    /// their order, of a file with all names that lead to it.
    /// </summary>
    /// <param name="change">From 0 to <see cref="UnflushedChanges"/> less one.</param>
    public void LosePowerKeeping(int change)
    {
        (Node at, int index) = Unflushed(_root).ElementAt(change);
        LosePower(
            (directory, all) =>
                at is FileNode ? all
                : directory == at ? index + 1
                : 0,
            file => file == at ? file.Pending[index].On(file.Durable) : file.Durable
        );
    }

    /// <summary>The process dies, the system does not: everything written stays.</summary>
    public void KillProcess()
    {
        _locks.Clear();
        HeldFlush = null;
    }

    /// <summary>A file's present bytes.</summary>
    public byte[] BytesOf(string path) => ((FileNode)Find(path)!).Now.ToArray();

    /// <summary>Changes a file behind everybody's back, durably.</summary>
    public void Corrupt(string path, Func<byte[], byte[]> change)
    {
        var file = (FileNode)Find(path)!;
        byte[] changed = change([.. file.Now]);
        file.Now = [.. changed];
        file.Durable = changed;
        file.Pending.Clear();
    }

    private void LosePower(Func<DirectoryNode, int, int> keptNames, Func<FileNode, byte[]> keptBytes)
    {
        _locks.Clear();
        HeldFlush = null;
        Crash(_root, keptNames, keptBytes);
    }

    private static IEnumerable<(Node At, int Index)> Unflushed(Node node)
    {
        int count = node is DirectoryNode directory ? directory.Pending.Count : ((FileNode)node).Pending.Count;
        IEnumerable<Node> inside = node is DirectoryNode outer ? outer.Now.Values : [];
        return Enumerable.Range(0, count).Select(index => (node, index)).Concat(inside.SelectMany(Unflushed));
    }

    private static void Crash(DirectoryNode directory, Func<DirectoryNode, int, int> keptNames, Func<FileNode, byte[]> keptBytes)
    {
        int kept = keptNames(directory, directory.Pending.Count);
        for (int i = 0; i < kept; i++)
        {
            DirectoryNode.Apply(directory.Durable, directory.Pending[i]);
        }

        directory.Pending.Clear();
        directory.Now = new SortedDictionary<string, Node>(directory.Durable, StringComparer.Ordinal);
        foreach (Node node in directory.Now.Values)
        {
            if (node is DirectoryNode inner)
            {
                Crash(inner, keptNames, keptBytes);
            }
            else
            {
                var file = (FileNode)node;
                byte[] survived = keptBytes(file);
                file.Now = [.. survived];
                file.Durable = survived;
                file.Pending.Clear();
            }
        }
    }

    private static byte[] Survivors(FileNode file, Func<int, int> next) =>
        next(4) switch
        {
            0 => file.Durable,
            1 => [.. file.Now],
            _ => Mix([.. file.Now], file.Durable, next),
        };

    private static byte[] Mix(byte[] now, byte[] durable, Func<int, int> next)
    {
        byte[] mixed = new byte[
            next(2) == 0 ? now.Length : Math.Min(now.Length, durable.Length) + next(Math.Abs(now.Length - durable.Length) + 1)
        ];
        for (int at = 0; at < mixed.Length; at += Sector)
        {
            byte[] source = next(2) == 0 ? now : durable;
            int length = Math.Min(Math.Min(Sector, mixed.Length - at), source.Length - at);
            if (length > 0)
            {
                source.AsSpan(at, length).CopyTo(mixed.AsSpan(at));
            }
        }

        return mixed;
    }

    private static string[] Split(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private Node? Find(string path)
    {
        Node? at = _root;
        foreach (string name in Split(path))
        {
            at = (at as DirectoryNode)?.Now.GetValueOrDefault(name);
        }

        return at;
    }

    private (DirectoryNode Parent, string Name) ParentOf(string path)
    {
        string[] names = Split(path);
        Node? parent = Find(string.Join('/', names[..^1]));
        return (parent as DirectoryNode ?? throw new DiskException(path, DiskErrorKind.NotFound, "open", "no such directory"), names[^1]);
    }

    private string[] List<T>(string directory)
        where T : Node =>
        Find(directory) is DirectoryNode node ? [.. node.Now.Where(entry => entry.Value is T).Select(entry => entry.Key)] : [];

    private abstract class Node;

    private sealed class FileNode : Node
    {
        public List<byte> Now { get; set; } = [];

        public byte[] Durable { get; set; } = [];

        /// <summary>What was done since the flush before, in order.</summary>
        public List<FileChange> Pending { get; } = [];
    }

    /// <summary>A write, or without bytes a new length.</summary>
    private sealed class FileChange(long position, byte[]? bytes)
    {
        public byte[] On(byte[] content)
        {
            byte[] changed = new byte[bytes is null ? position : Math.Max(content.Length, position + bytes.Length)];
            content.AsSpan(0, Math.Min(content.Length, changed.Length)).CopyTo(changed);
            bytes?.CopyTo(changed, position);
            return changed;
        }
    }

    private sealed class DirectoryNode : Node
    {
        public SortedDictionary<string, Node> Now { get; set; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, Node> Durable { get; set; } = new(StringComparer.Ordinal);

        public List<(string Name, Node? Node)[]> Pending { get; } = [];

        public static void Apply(SortedDictionary<string, Node> names, (string Name, Node? Node)[] change)
        {
            foreach ((string name, Node? node) in change)
            {
                if (node is null)
                {
                    names.Remove(name);
                }
                else
                {
                    names[name] = node;
                }
            }
        }

        public void Change(params (string Name, Node? Node)[] change)
        {
            Apply(Now, change);
            Pending.Add(change);
        }
    }

    private sealed class OpenFile(string path, FileNode node) : IDiskFile
    {
        private bool _closed;

        public FileNode Node { get; } = node;

        public string Path { get; } = path;

        public long Length => Live().Now.Count;

        public int Read(long position, Span<byte> target)
        {
            List<byte> bytes = Live().Now;
            int length = (int)Math.Clamp(bytes.Count - position, 0, target.Length);
            System
                .Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)
                .Slice((int)Math.Min(position, bytes.Count), length)
                .CopyTo(target);
            return length;
        }

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            List<byte> bytes = Live().Now;
            Node.Pending.Add(new FileChange(position, source.ToArray()));
            if (bytes.Count < position + source.Length)
            {
                System.Runtime.InteropServices.CollectionsMarshal.SetCount(bytes, (int)position + source.Length);
            }

            source.CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)[(int)position..]);
        }

        public void SetLength(long length)
        {
            List<byte> bytes = Live().Now;
            Node.Pending.Add(new FileChange(length, null));
            int before = bytes.Count;
            System.Runtime.InteropServices.CollectionsMarshal.SetCount(bytes, (int)length);
            if (length > before)
            {
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)[before..].Clear();
            }
        }

        public void DropCache() => Live();

        public void Dispose()
        {
            Assert.False(_closed, $"{Path} is closed twice");
            _closed = true;
        }

        private FileNode Live()
        {
            Assert.False(_closed, $"{Path} is used after it was closed");
            return Node;
        }
    }

    private sealed class FileLock(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
