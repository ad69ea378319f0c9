using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The snapshot files of one log. They are not flushed when written: their checksum tells a torn one, and everything in them can be rebuilt
/// from the batches, as long as these are there.
/// </summary>
internal static partial class ProducerSnapshots
{
    /// <summary>Writes the states as they are at an offset.</summary>
    public static void Write(IDisk disk, string directory, Offset offset, byte[] content) =>
        AtomicFile.WriteUnflushed(disk, directory, LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot), content);

    /// <summary>
    /// Restores the newest whole snapshot at or below an offset. The result is its offset; null, and nothing is known, where there is none.
    /// </summary>
    public static Offset? RestoreNewest(IDisk disk, string directory, Offset atMost, ProducerStates producers)
    {
        producers.Clear();
        SeededBugRestoresAbove(ref atMost);
        foreach (Offset offset in Offsets(disk, directory))
        {
            if (
                offset > atMost
                || AtomicFile.Read(disk, $"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot)}") is not { } bytes
                || ProducerSnapshot.Parse(bytes) is not { } states
            )
            {
                continue;
            }

            producers.Restore(states);
            return offset;
        }

        return null;
    }

    static partial void SeededBugRestoresAbove(ref Offset atMost);

    /// <summary>The paths of the snapshots above an offset, and at or below another.</summary>
    public static IEnumerable<string> Between(IDisk disk, string directory, Offset above, Offset atMost) =>
        Offsets(disk, directory)
            .Where(offset => offset > above && offset <= atMost)
            .Select(offset => $"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot)}");

    /// <summary>The file of the snapshot at an offset; null where there is none.</summary>
    public static IDiskFile? Open(IDisk disk, string directory, Offset offset) =>
        disk.OpenExisting($"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot)}");

    /// <summary>Deletes the snapshots above an offset; true when there were any.</summary>
    public static bool DeleteAbove(IDisk disk, string directory, Offset limit) => Delete(disk, directory, offset => offset > limit);

    /// <summary>Deletes the snapshots below an offset.</summary>
    public static void DeleteBelow(IDisk disk, string directory, Offset limit) => Delete(disk, directory, offset => offset < limit);

    /// <summary>Deletes the snapshot of an offset.</summary>
    public static void DeleteAt(IDisk disk, string directory, Offset offset) =>
        disk.DeleteFile($"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot)}");

    private static bool Delete(IDisk disk, string directory, Predicate<Offset> condemned)
    {
        bool any = false;
        foreach (Offset offset in Offsets(disk, directory))
        {
            if (condemned(offset))
            {
                disk.DeleteFile($"{directory}/{LogFileNames.OfOffset(offset, LogFileNames.ProducerSnapshot)}");
                any = true;
            }
        }

        return any;
    }

    /// <summary>The offsets of all snapshots, newest first.</summary>
    private static List<Offset> Offsets(IDisk disk, string directory)
    {
        List<Offset> offsets = [];
        foreach (string name in disk.ListFiles(directory))
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.ProducerSnapshot, out Offset offset))
            {
                offsets.Add(offset);
            }
        }

        offsets.Sort(static (left, right) => right.CompareTo(left));
        return offsets;
    }
}
