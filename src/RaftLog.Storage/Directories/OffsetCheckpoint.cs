using System.Globalization;
using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Kafka's text form of an offset for each partition: a version line, a count line, and a line <c>topic partition offset</c> for each.
/// </summary>
internal static class OffsetCheckpoint
{
    public const string RecoveryPoints = "recovery-point-offset-checkpoint";
    public const string HighWatermarks = "replication-offset-checkpoint";
    public const string LogStarts = "log-start-offset-checkpoint";
    public const string Cleaned = "cleaner-offset-checkpoint";

    private const string Version = "0";

    /// <summary>The file's bytes, in the given order.</summary>
    public static byte[] Format(IReadOnlyList<KeyValuePair<TopicPartition, Offset>> offsets)
    {
        var text = new StringBuilder();
        text.Append(Version).Append('\n').Append(offsets.Count).Append('\n');
        foreach ((TopicPartition partition, Offset offset) in offsets)
        {
            text.Append(partition.Topic).Append(' ').Append(partition.Partition).Append(' ').Append(offset.Value).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads the file's bytes; null when they are not of this form. An empty file holds no offsets.</summary>
    public static Dictionary<TopicPartition, Offset>? Parse(ReadOnlySpan<byte> bytes)
    {
        var offsets = new Dictionary<TopicPartition, Offset>();
        if (bytes.IsEmpty)
        {
            return offsets;
        }

        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (
            lines.Length < 2
            || lines[0] != Version
            || !int.TryParse(lines[1], NumberStyles.None, null, out int count)
            || count != lines.Length - 2
        )
        {
            return null;
        }

        foreach (string line in lines.AsSpan(2))
        {
            string[] parts = line.Split(' ');
            if (
                parts.Length != 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            )
            {
                return null;
            }

            offsets[new TopicPartition(parts[0], partition)] = new Offset(offset);
        }

        return offsets;
    }
}
