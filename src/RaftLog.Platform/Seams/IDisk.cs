namespace RaftLog.Platform;

/// <summary>
/// The disk seam: every file and directory that a node touches goes through it. The real implementation is Linux (and other
/// systems of .NET); the in-memory one serves tests and <c>--in-memory</c>; the simulator brings one that loses what was not flushed.
/// Paths are absolute. Every member throws <see cref="DiskException"/> when the disk refuses, and nothing else.
/// </summary>
public interface IDisk
{
    /// <summary>Opens a file for reading and writing, created empty where it is absent.</summary>
    IDiskFile OpenOrCreate(string path);

    /// <summary>Opens an existing file for reading and writing; null where it is absent.</summary>
    IDiskFile? OpenExisting(string path);

    /// <summary>Creates a directory and its parents; does nothing where it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>True when a file is there.</summary>
    bool FileExists(string path);

    /// <summary>True when a directory is there.</summary>
    bool DirectoryExists(string path);

    /// <summary>The names (not paths) of the files in a directory, in ordinal order; empty where it is absent.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>The names (not paths) of the directories in a directory, in ordinal order; empty where it is absent.</summary>
    IReadOnlyList<string> ListDirectories(string directory);

    /// <summary>
    /// Renames a file or directory in place of what <paramref name="target"/> held; durable only after <see cref="FlushDirectoryAsync"/>.
    /// </summary>
    void Rename(string source, string target);

    /// <summary>Removes a file; does nothing where it is absent. Durable only after <see cref="FlushDirectoryAsync"/>.</summary>
    void DeleteFile(string path);

    /// <summary>Removes a directory with all it holds; does nothing where it is absent.</summary>
    void DeleteDirectory(string path);

    /// <summary>
    /// Makes the written bytes and the length of each file durable (<c>fdatasync</c>), on the disk's own threads. It covers what was
    /// written before the call. A failure is final for the directory of the file: it is never tried again (ARCHITECTURE D6).
    /// </summary>
    ValueTask FlushAsync(IReadOnlyList<IDiskFile> files);

    /// <summary>Makes the names in a directory durable: files created, renamed or deleted there (<c>fsync</c> of the directory).</summary>
    ValueTask FlushDirectoryAsync(string directory);

    /// <summary>
    /// Makes durable what many directories in one directory hold: the bytes and names of all files in them, and their own names. In one
    /// step for all of them where the system can, so that a thousand new directories cost about what one costs. It covers what was written
    /// before the call; a failure is final.
    /// </summary>
    /// <param name="parent">The directory that holds them.</param>
    /// <param name="directories">Their paths.</param>
    ValueTask FlushTreesAsync(string parent, IReadOnlyList<string> directories) => DirectoryTrees.FlushEachAsync(this, parent, directories);

    /// <summary>Takes the exclusive lock of a file, as Kafka's <c>.lock</c>; null when another process holds it.</summary>
    IDisposable? TryLock(string path);

    /// <summary>
    /// A view of the same disk whose flushes wait for those of no other view: one for each log directory and one for the metadata log, so
    /// that a disk that hangs holds up nobody else, and a vote does not queue behind data.
    /// </summary>
    /// <param name="keepsFilesOpen">True for files whose owner cannot do without: none is closed to save a descriptor.</param>
    IDisk WithOwnFlushes(bool keepsFilesOpen) => this;

    /// <summary>
    /// Waits a moment after something was refused for want of a descriptor, for whoever can wait and tries again then; flushes do so
    /// themselves. False when nobody should wait: it was refused for another reason, or the node stops.
    /// </summary>
    ValueTask<bool> WaitForDescriptorAsync(DiskException refused) => ValueTask.FromResult(false);

    /// <summary>
    /// Waits until a number of files can be opened at once. For a change of several files that must not stop in its middle: it awaits this
    /// and begins at once.
    /// </summary>
    /// <param name="path">A file that exists; nothing is waited for where it does not.</param>
    /// <param name="files">How many.</param>
    /// <exception cref="DiskException">There is no descriptor, and the node stops.</exception>
    ValueTask WaitForRoomAsync(string path, int files) => ValueTask.CompletedTask;

    /// <summary>How many files this process may have open; a large number where nothing limits it.</summary>
    long DescriptorLimit => long.MaxValue;

    /// <summary>The bytes of the file system that holds the path: in all, and free for us.</summary>
    DiskSpace Space(string path);
}

/// <summary>An open file. Reads and writes at positions; no position of its own. Safe for concurrent readers and one writer.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>The path it was opened with, or last renamed to by its owner.</summary>
    string Path { get; }

    /// <summary>The length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads from a position until the target is full or the file ends; the number of bytes read.</summary>
    int Read(long position, Span<byte> target);

    /// <summary>Writes all bytes at a position, extending the file where needed. Not durable until flushed.</summary>
    void Write(long position, ReadOnlySpan<byte> source);

    /// <summary>Cuts or extends (with zeros) the file.</summary>
    void SetLength(long length);

    /// <summary>
    /// Asks the system to set aside the space of this many bytes, without changing the length. It is advice: where the system cannot,
    /// nothing happens. <see cref="SetLength"/> gives back what was not used.
    /// </summary>
    void Reserve(long bytes) { }

    /// <summary>
    /// Asks the system to forget the file's cached pages, so that a read shows what is on the disk (<c>posix_fadvise</c>).
    /// </summary>
    void DropCache();

    /// <summary>The disk's own file, for who needs its handle: it stays open until the lease is disposed.</summary>
    FileLease Lease() => new(this);
}

/// <summary>Space of a file system.</summary>
/// <param name="TotalBytes">All bytes.</param>
/// <param name="FreeBytes">Bytes that we may still write.</param>
public readonly record struct DiskSpace(long TotalBytes, long FreeBytes);

/// <summary>The disk refused an operation.</summary>
/// <param name="path">The file or directory.</param>
/// <param name="kind">What kind of refusal.</param>
/// <param name="operation">What was tried: open, read, write, flush, rename...</param>
/// <param name="reason">Why, for people.</param>
/// <param name="inner">What the system threw, if it did.</param>
public sealed class DiskException(string path, DiskErrorKind kind, string operation, string reason, Exception? inner = null)
    : Exception($"{operation} of {path} failed: {reason}", inner)
{
    /// <summary>What a person can do about it, for the message of a node that stops.</summary>
    public const string Remedy = "Mend the disk, or make room, and start the node again";

    /// <summary>
    /// True when something has run out or is forbidden and the medium is sound: what was to be made is not there, what is there is as it
    /// was, and the same may succeed later.
    /// </summary>
    public bool MayPass => Kind is DiskErrorKind.NoSpace or DiskErrorKind.NotPermitted or DiskErrorKind.NoDescriptors;

    /// <summary>
    /// True when all of what was asked can be asked again. What a failed flush has left on the disk is unknown, unless it found no
    /// descriptor: then it has not begun.
    /// </summary>
    public bool MayBeRepeated => Kind == DiskErrorKind.NoDescriptors || (MayPass && Operation != "flush");

    /// <summary>What a person can do about it, as the end of a sentence.</summary>
    public string WayOut =>
        Kind switch
        {
            DiskErrorKind.NoSpace => "make room on its file system",
            DiskErrorKind.NotPermitted =>
                "let the user of this process read and write all of it, and see that its file system is not mounted read-only",
            DiskErrorKind.NotFound => "see that its file system is mounted and complete",
            DiskErrorKind.NoDescriptors => "raise the limit of open files (ulimit -n, LimitNOFILE of systemd, fs.file-max)",
            _ => "look at the disk and the system's log, and mend or replace it",
        };

    /// <summary>The file or directory.</summary>
    public string Path { get; } = path;

    /// <summary>What kind of refusal.</summary>
    public DiskErrorKind Kind { get; } = kind;

    /// <summary>What was tried: open, read, write, flush, rename...</summary>
    public string Operation { get; } = operation;
}

/// <summary>What a disk refuses for.</summary>
public enum DiskErrorKind
{
    /// <summary>Reading or writing the medium failed (EIO and all that has no better name).</summary>
    Io,

    /// <summary>No space, or over a quota (ENOSPC, EDQUOT).</summary>
    NoSpace,

    /// <summary>Not permitted, or the file system is read-only (EACCES, EPERM, EROFS).</summary>
    NotPermitted,

    /// <summary>A file or directory that must be there is not (ENOENT).</summary>
    NotFound,

    /// <summary>The process or the system has no file descriptor left (EMFILE, ENFILE).</summary>
    NoDescriptors,
}
