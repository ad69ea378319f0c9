using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>What a log needs of the directory that it lives in.</summary>
/// <param name="Disk">The disk.</param>
/// <param name="Path">The directory's path.</param>
/// <param name="Health">Whether it is in use.</param>
/// <param name="Flusher">Who flushes it.</param>
internal sealed record LogHome(IDisk Disk, string Path, DirectoryHealth Health, Flusher Flusher);
