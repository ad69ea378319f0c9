using System.Globalization;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>The names of files and directories of a log, as Kafka has them.</summary>
internal static class LogFileNames
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";
    public const string ProducerSnapshot = ".snapshot";
    public const string PartitionMetadata = "partition.metadata";
    public const string LeaderEpochs = "leader-epoch-checkpoint";
    public const string DeleteSuffix = "-delete";
    public const string StraySuffix = "-stray";
    public const string FutureSuffix = "-future";

    /// <summary>A segment that was removed from its log.</summary>
    public const string DeletedSuffix = ".deleted";

    /// <summary>A segment that compaction is writing.</summary>
    public const string CleanedSuffix = ".cleaned";

    /// <summary>A segment that compaction has written, and that takes the place of others.</summary>
    public const string SwapSuffix = ".swap";

    /// <summary>The suffixes of a segment's files, the one with the batches first: without it the others mean nothing.</summary>
    public static readonly string[] OfSegment = [Log, OffsetIndex, TimeIndex, TransactionIndex];

    /// <summary>
    /// In the directory of a log that was repaired below its recovery point: the recovery point that it had. Such a replica counts as lost
    /// until it has caught up.
    /// </summary>
    public const string LostMark = "raftlog-lost";

    private const int OffsetDigits = 20;
    private const int MaxNameLength = 255;

    private static readonly string[] Leftovers = [CleanedSuffix, SwapSuffix, ".tmp", ".part"];

    /// <summary>
    /// True for a file that unfinished work has left. Those of removed segments are none: they wait for <c>file.delete.delay.ms</c>.
    /// </summary>
    public static bool IsLeftover(string name) => Array.Exists(Leftovers, suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>The name of a file that begins at, or stands for, an offset: twenty digits and a suffix.</summary>
    public static string OfOffset(Offset offset, string suffix) => offset.Value.ToString("D20", CultureInfo.InvariantCulture) + suffix;

    /// <summary>Reads the offset of a name of that form; false for any other name.</summary>
    public static bool TryParseOffset(string name, string suffix, out Offset offset)
    {
        offset = default;
        if (
            name.Length != OffsetDigits + suffix.Length
            || !name.EndsWith(suffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
        )
        {
            return false;
        }

        offset = new Offset(value);
        return true;
    }

    /// <summary>Reads the partition of a directory's name; false for a name that is not <c>topic-partition</c>.</summary>
    public static bool TryParsePartition(string name, out TopicPartition partition)
    {
        int dash = name.LastIndexOf('-');
        partition = default;
        if (dash <= 0 || !int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return false;
        }

        partition = new TopicPartition(name[..dash], index);
        return true;
    }

    /// <summary>
    /// The partition whose log a directory was, by the name that <see cref="SetAside"/> gave it; not where that had to shorten the topic's
    /// name.
    /// </summary>
    public static bool TryParseSetAside(string name, string suffix, out TopicPartition partition)
    {
        int dot = name.LastIndexOf('.');
        partition = default;
        return name.EndsWith(suffix, StringComparison.Ordinal) && dot > 0 && TryParsePartition(name[..dot], out partition);
    }

    /// <summary>
    /// The name of a directory that waits to be removed (<see cref="DeleteSuffix"/>) or that nobody owns (<see cref="StraySuffix"/>).
    /// </summary>
    public static string SetAside(TopicPartition partition, Uuid topicId, string suffix)
    {
        string tail = string.Create(CultureInfo.InvariantCulture, $"-{partition.Partition}.{topicId.High:x16}{topicId.Low:x16}{suffix}");
        int room = MaxNameLength - tail.Length;
        return (partition.Topic.Length > room ? partition.Topic[..room] : partition.Topic) + tail;
    }
}
