using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Something in the files of a stopped node that contradicts the rest of them.</summary>
/// <param name="Path">The file, or the directory.</param>
/// <param name="Position">The byte where it begins; null for the file as a whole.</param>
/// <param name="What">What was found, for people.</param>
/// <param name="Repair">What would mend it.</param>
/// <param name="Segment">The base offset of the segment that it concerns; from there on the log is scanned again after a repair. Null where
/// none.</param>
public sealed record LogFinding(string Path, long? Position, string What, LogRepairKind Repair, Offset? Segment)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => Position is { } position ? $"{Path}: byte {position}: {What}" : $"{Path}: {What}";
}

/// <summary>What mends a <see cref="LogFinding"/>.</summary>
public enum LogRepairKind
{
    /// <summary>Nothing needs to be done, or only a person can.</summary>
    None,

    /// <summary>The log is truncated at the finding's position; later segments go.</summary>
    Truncate,

    /// <summary>The file is removed, and made anew from the log at the next start.</summary>
    Remove,

    /// <summary>Nothing is removed; the log is scanned at the next start, which makes what follows from it.</summary>
    Scan,
}
