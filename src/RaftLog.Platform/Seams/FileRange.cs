using RaftLog.Protocol;

namespace RaftLog.Platform;

/// <summary>
/// Bytes of a file that are sent without being held in memory. Whoever made the range keeps the file open until it is sent. The file may be
/// truncated meanwhile: what is sent is then never zeros or bytes that were written later, but the connection ends.
/// </summary>
/// <param name="File">The open file.</param>
/// <param name="Position">The first byte's place in it.</param>
/// <param name="Length">The number of bytes, at least one.</param>
/// <param name="Guard">Who knows whether the bytes are still those that were meant.</param>
/// <param name="IsShared">
/// True when the file's pages may go to the socket themselves (<c>sendfile</c>): bytes that are committed, so that no truncation changes
/// pages which the socket holds. False when they are copied.
/// </param>
public readonly partial record struct FileRange(IDiskFile File, long Position, int Length, IFileRangeGuard Guard, bool IsShared)
{
    /// <summary>Reads bytes of the range until the target is full.</summary>
    /// <param name="from">The first byte wanted, counted from the range's start.</param>
    /// <param name="target">At most as many bytes as the range has from there.</param>
    /// <exception cref="FileRangeException">The file no longer holds them.</exception>
    /// <exception cref="DiskException">The disk refuses.</exception>
    public void Read(int from, Span<byte> target)
    {
        int read;
        try
        {
            read = File.Read(Position + from, target);
        }
        catch (DiskException)
        {
            Guard.ReadFailed();
            throw;
        }

        if (read < target.Length)
        {
            throw FileRangeException.Short(this);
        }

        RequireIntact();
    }

    /// <summary>
    /// Looks at the guard. A truncation tells the guard before it changes the file, so bytes that were read before a guard said yes are the
    /// ones that were meant.
    /// </summary>
    /// <exception cref="FileRangeException">The file no longer holds them.</exception>
    public void RequireIntact()
    {
        bool isIntact = Guard.IsIntact(Position + Length);
        SeededBugBelievesRange(ref isIntact);
        if (!isIntact)
        {
            throw FileRangeException.Truncated(this);
        }
    }

    static partial void SeededBugBelievesRange(ref bool isIntact);
}

/// <summary>Knows whether a file's bytes were truncated since somebody took a range of them. Safe for concurrent use.</summary>
public interface IFileRangeGuard
{
    /// <summary>
    /// The disk declined to read bytes that were promised to a peer: whoever makes ranges of the file reads them first from now on.
    /// </summary>
    void ReadFailed();

    /// <summary>
    /// False once the file was truncated below this position, whatever was written there since. It never becomes true again.
    /// </summary>
    bool IsIntact(long end);
}

/// <summary>A range of a file cannot be sent, because the file no longer holds it.</summary>
/// <param name="message">Which file, and what became of it.</param>
public sealed class FileRangeException(string message) : Exception(message)
{
    internal static FileRangeException Truncated(in FileRange range) => Of(range, "it was truncated");

    internal static FileRangeException Short(in FileRange range) => Of(range, "it is shorter than it was");

    private static FileRangeException Of(in FileRange range, string what) =>
        new($"bytes {range.Position} to {range.Position + range.Length} of {range.File.Path} were being sent, and {what}");
}
