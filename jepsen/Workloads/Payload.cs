using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// What a record says: its value, its partition, and bytes that follow from both, so that a mixed-up or misdirected record is seen.
/// </summary>
internal static class Payload
{
    private const int Header = sizeof(long) + sizeof(int);
    private const int MaxFill = 400;

    public static byte[] Write(RecordValue value, TopicPartition partition)
    {
        byte[] bytes = new byte[Header + FillOf(value)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value.Value);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(sizeof(long)), MarkOf(partition));
        bytes.AsSpan(Header).Fill((byte)value.Value);
        return bytes;
    }

    /// <summary>The value of a record; false with a reason when these bytes were never written to this partition.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes,
        TopicPartition partition,
        out RecordValue value,
        [NotNullWhen(false)] out string? reason
    )
    {
        value = default;
        if (bytes.Length < Header)
        {
            reason = $"a record has {bytes.Length} bytes, and none has fewer than {Header}";
            return false;
        }

        value = new RecordValue(BinaryPrimitives.ReadInt64BigEndian(bytes));
        ReadOnlySpan<byte> fill = bytes[Header..];
        reason =
            BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(long)..]) != MarkOf(partition) ? $"{value} was written to another partition"
            : fill.Length != FillOf(value) || fill.ContainsAnyExcept((byte)value.Value)
                ? $"the bytes of {value} are not those that were written"
            : null;
        return reason is null;
    }

    private static int FillOf(RecordValue value) => (int)((ulong)value.Value * 0x9E3779B1 % MaxFill);

    private static int MarkOf(TopicPartition partition)
    {
        int mark = partition.Partition;
        foreach (char each in partition.Topic)
        {
            mark = (mark * 31) + each;
        }

        return mark;
    }
}
