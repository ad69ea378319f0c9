namespace RaftLog.Platform;

/// <summary>
/// Which files are in use in which directory, so that a closed one can be found again when it or its directory is renamed. It has an entry
/// for each file in use and each of their directories. Directories that hold files in use hold no other such directories.
/// </summary>
internal sealed class NamedFiles
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Folder> _folders = new(StringComparer.Ordinal);

    /// <summary>The folder of a path; it is kept while files in it are used, and until <see cref="Release"/>.</summary>
    public Folder Take(string path)
    {
        lock (_gate)
        {
            if (!_folders.TryGetValue(path, out Folder? folder))
            {
                folder = new Folder(path);
                _folders.Add(path, folder);
            }

            folder.Users++;
            return folder;
        }
    }

    /// <summary>The same, or null where no file in it is in use.</summary>
    public Folder? Find(string path)
    {
        lock (_gate)
        {
            if (_folders.TryGetValue(path, out Folder? folder))
            {
                folder.Users++;
            }

            return folder;
        }
    }

    /// <summary>Ends what <see cref="Take"/> or <see cref="Find"/> began.</summary>
    public void Release(Folder folder)
    {
        lock (_gate)
        {
            if (--folder.Users == 0 && ReferenceEquals(_folders.GetValueOrDefault(folder.Path), folder))
            {
                _folders.Remove(folder.Path);
            }
        }
    }

    /// <summary>A directory has another name now. Under the folder's lock.</summary>
    public void Move(Folder folder, string target)
    {
        lock (_gate)
        {
            _folders.Remove(folder.Path);
            folder.Path = target;
            _folders[target] = folder;
        }
    }

    /// <summary>A directory with files in use.</summary>
    internal sealed class Folder(string path)
    {
        private CachedFile? _only;
        private List<CachedFile>? _files;

        /// <summary>Guards names, and opening and closing the files; held while the disk opens or renames one of them.</summary>
        public Lock Gate { get; } = new();

        /// <summary>Its path now.</summary>
        public string Path { get; set; } = path;

        /// <summary>Files in use and operations under way; guarded by the table.</summary>
        public int Users { get; set; }

        /// <summary>The files in use. Under <see cref="Gate"/>.</summary>
        public ReadOnlySpan<CachedFile> Files =>
            _files is { } files ? System.Runtime.InteropServices.CollectionsMarshal.AsSpan(files)
            : _only is null ? []
            : new ReadOnlySpan<CachedFile>(ref _only);

        /// <summary>A file is in use. Under <see cref="Gate"/>.</summary>
        public void Add(CachedFile file)
        {
            // Most directories have one: a log's active segment.
            if (_files is null && _only is null)
            {
                _only = file;
                return;
            }

            _files ??= [_only!];
            _files.Add(file);
            _only = null;
        }

        /// <summary>A file is no longer in use. Under <see cref="Gate"/>.</summary>
        public void Remove(CachedFile file)
        {
            if (_files is null)
            {
                _only = null;
                return;
            }

            _files.Remove(file);
            if (_files.Count == 1)
            {
                _only = _files[0];
                _files = null;
            }
        }
    }
}
