using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>The entries of an index of a stopped node, and what is wrong with their form.</summary>
/// <param name="Entries">The entries that are there, up to the first that cannot be one.</param>
/// <param name="Fault">What is wrong; null for nothing.</param>
/// <typeparam name="TEntry">What an entry says.</typeparam>
public sealed record IndexContent<TEntry>(IReadOnlyList<TEntry> Entries, string? Fault);

/// <summary>An entry of an offset index.</summary>
/// <param name="Offset">The last offset of a batch.</param>
/// <param name="Position">The batch's first byte.</param>
public readonly record struct OffsetIndexEntry(Offset Offset, int Position);

/// <summary>An entry of a time index.</summary>
/// <param name="Timestamp">The largest timestamp so far.</param>
/// <param name="Offset">An offset of the batch that has it.</param>
public readonly record struct TimeIndexEntry(long Timestamp, Offset Offset);

/// <summary>Reads the small files of a log, as they lie there, for people and programs that look into them.</summary>
public static class LogFileContent
{
    /// <summary>The entries of an <c>.index</c> file; null where it is absent.</summary>
    public static IndexContent<OffsetIndexEntry>? Offsets(IDisk disk, string path, Offset baseOffset) =>
        Entries(
            disk,
            path,
            OffsetIndex.EntrySize,
            entry => new OffsetIndexEntry(
                baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry),
                BinaryPrimitives.ReadInt32BigEndian(entry[4..])
            ),
            static (before, entry) => entry.Offset > before.Offset && entry.Position > before.Position
        );

    /// <summary>The entries of a <c>.timeindex</c> file; null where it is absent.</summary>
    public static IndexContent<TimeIndexEntry>? Times(IDisk disk, string path, Offset baseOffset) =>
        Entries(
            disk,
            path,
            TimeIndex.EntrySize,
            entry => new TimeIndexEntry(
                BinaryPrimitives.ReadInt64BigEndian(entry),
                baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..])
            ),
            static (before, entry) => entry.Timestamp > before.Timestamp && entry.Offset >= before.Offset
        );

    /// <summary>The entries of a <c>.txnindex</c> file; null where it is absent.</summary>
    public static IndexContent<AbortedTransaction>? AbortedTransactions(IDisk disk, string path) =>
        Entries(
            disk,
            path,
            TransactionIndex.EntrySize,
            TransactionIndex.Read,
            static (before, entry) => entry.LastOffset > before.LastOffset,
            versionBytes: sizeof(short)
        );

    /// <summary>The producers of a <c>.snapshot</c> file; null where it is absent, damaged or of another form.</summary>
    public static IReadOnlyList<ProducerState>? Producers(IDisk disk, string path) =>
        AtomicFile.Read(disk, path) is { } bytes ? ProducerSnapshot.Parse(bytes) : null;

    /// <summary>The entries of a <c>leader-epoch-checkpoint</c>; null where it is absent or damaged.</summary>
    public static IReadOnlyList<EpochEntry>? LeaderEpochs(IDisk disk, string path) =>
        AtomicFile.Read(disk, path) is { } bytes ? EpochCheckpoint.Parse(bytes) : null;

    /// <summary>The offsets of a checkpoint of a log directory, by partition; null where it is absent or damaged.</summary>
    public static IReadOnlyDictionary<TopicPartition, Offset>? Checkpoint(IDisk disk, string path) =>
        AtomicFile.Read(disk, path) is { } bytes ? OffsetCheckpoint.Parse(bytes) : null;

    private delegate TEntry ReadEntry<TEntry>(ReadOnlySpan<byte> entry);

    private static IndexContent<TEntry>? Entries<TEntry>(
        IDisk disk,
        string path,
        int size,
        ReadEntry<TEntry> read,
        Func<TEntry, TEntry, bool> follows,
        int versionBytes = 0
    )
    {
        if (AtomicFile.Read(disk, path) is not { } bytes)
        {
            return null;
        }

        List<TEntry> entries = [];
        for (int at = 0; at + size <= bytes.Length; at += size)
        {
            if (!bytes.AsSpan(at).ContainsAnyExcept((byte)0))
            {
                // Kafka takes the space of an index in advance, and a crash leaves it.
                return new IndexContent<TEntry>(entries, null);
            }

            if (bytes.AsSpan(at, versionBytes).ContainsAnyExcept((byte)0))
            {
                return new IndexContent<TEntry>(entries, $"entry {entries.Count} has a version that is not known");
            }

            TEntry entry = read(bytes.AsSpan(at, size));
            if (entries.Count > 0 && !follows(entries[^1], entry))
            {
                return new IndexContent<TEntry>(entries, $"entry {entries.Count} ({entry}) does not follow the one before ({entries[^1]})");
            }

            entries.Add(entry);
        }

        int rest = bytes.Length % size;
        return new IndexContent<TEntry>(entries, rest == 0 ? null : $"{rest} bytes follow the last whole entry of {size} bytes");
    }
}
