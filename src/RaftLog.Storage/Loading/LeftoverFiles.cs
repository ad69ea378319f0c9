using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Files of work that a stop interrupted, here or in Kafka: deletions and cleanings are dropped; a finished swap (compaction that was to
/// replace segments) is completed; indexes without a segment go.
/// </summary>
internal static class LeftoverFiles
{
    private const string Swap = LogFileNames.SwapSuffix;

    private static readonly string[] Dropped = [LogFileNames.DeletedSuffix, LogFileNames.CleanedSuffix, ".tmp"];
    private static readonly string[] Indexes = [LogFileNames.OffsetIndex, LogFileNames.TimeIndex, LogFileNames.TransactionIndex];

    /// <summary>Leaves only files that belong to the log; true when others were there.</summary>
    public static bool Remove(IDisk disk, string directory)
    {
        bool any = DropUnfinishedSwaps(disk, directory);
        foreach (string name in disk.ListFiles(directory))
        {
            if (Array.Exists(Dropped, suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
            {
                disk.DeleteFile($"{directory}/{name}");
                any = true;
            }
        }

        any |= CompleteSwaps(disk, directory);
        foreach (string name in disk.ListFiles(directory))
        {
            foreach (string suffix in Indexes)
            {
                if (
                    LogFileNames.TryParseOffset(name, suffix, out Offset offset)
                    && !disk.FileExists($"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.Log)}")
                )
                {
                    disk.DeleteFile($"{directory}/{name}");
                    any = true;
                }
            }
        }

        return any;
    }

    /// <summary>
    /// A swap is whole when all its files have the suffix, the one with the batches above all. While a segment at or below it is still
    /// being written, it is the first part of several that replace one segment together, and says nothing yet.
    /// </summary>
    private static bool DropUnfinishedSwaps(IDisk disk, string directory)
    {
        IReadOnlyList<string> names = disk.ListFiles(directory);
        bool any = false;
        Offset unfinished = new(long.MaxValue);
        foreach (string name in names)
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.Log + LogFileNames.CleanedSuffix, out Offset offset))
            {
                unfinished = Offset.Min(unfinished, offset);
            }
        }

        foreach (string name in names)
        {
            foreach (string suffix in LogFileNames.OfSegment)
            {
                if (
                    LogFileNames.TryParseOffset(name, suffix + Swap, out Offset offset)
                    && (offset >= unfinished || !disk.FileExists($"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.Log + Swap)}"))
                )
                {
                    disk.DeleteFile($"{directory}/{name}");
                    any = true;
                }
            }
        }

        return any;
    }

    private static bool CompleteSwaps(IDisk disk, string directory)
    {
        bool any = false;
        Offset from = new(long.MaxValue);
        Offset end = Offset.Zero;
        foreach (string name in disk.ListFiles(directory))
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.Log + Swap, out Offset first))
            {
                from = Offset.Min(from, first);
                end = Offset.Max(end, EndOf(disk, $"{directory}/{name}", first));
            }
        }

        // Parts of one replacement together take the place of all between them, also where nothing stayed of a segment.
        DeleteReplaced(disk, directory, from, end);

        foreach (string name in disk.ListFiles(directory))
        {
            if (name.EndsWith(Swap, StringComparison.Ordinal))
            {
                disk.Rename($"{directory}/{name}", $"{directory}/{name[..^Swap.Length]}");
                any = true;
            }
        }

        return any;
    }

    private static void DeleteReplaced(IDisk disk, string directory, Offset first, Offset end)
    {
        foreach (string name in disk.ListFiles(directory))
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.Log, out Offset offset) && offset >= first && offset < end)
            {
                disk.DeleteFile($"{directory}/{name}");
                foreach (string suffix in Indexes)
                {
                    disk.DeleteFile($"{directory}/{LogFileNames.OfOffset(offset, suffix)}");
                }
            }
        }
    }

    private static Offset EndOf(IDisk disk, string path, Offset first)
    {
        using IDiskFile? file = disk.OpenExisting(path);
        if (file is null)
        {
            return first;
        }

        using var scan = new BatchScanner(file, 0, file.Length);
        Offset end = first + 1;
        while (scan.MoveNext())
        {
            end = scan.Header.NextOffset;
        }

        return end;
    }
}
