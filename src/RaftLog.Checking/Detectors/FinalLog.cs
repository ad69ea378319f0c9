using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The final log, indexed both ways.</summary>
internal sealed class FinalLog
{
    private readonly Dictionary<(TopicPartition, Offset), SeenRecord> _records = [];
    private readonly Dictionary<RecordValue, (TopicPartition Partition, Offset Offset)> _places = [];
    private readonly Dictionary<TopicPartition, Offset> _ends = [];

    internal FinalLog(IReadOnlyList<SeenRecord> records)
    {
        foreach (SeenRecord record in records)
        {
            _records.TryAdd((record.Partition, record.Offset), record);
            _places.TryAdd(record.Value, (record.Partition, record.Offset));
            _ends[record.Partition] = Offset.Max(_ends.GetValueOrDefault(record.Partition, Offset.Zero), record.Offset + 1);
        }
    }

    /// <summary>The values that are there, in the order of the read.</summary>
    internal IEnumerable<RecordValue> Values => _places.Keys;

    /// <summary>Behind the last record that was read of a partition.</summary>
    internal Offset EndOf(TopicPartition partition) => _ends.GetValueOrDefault(partition, Offset.Zero);

    internal bool TryGetPlace(RecordValue value, out (TopicPartition Partition, Offset Offset) place) =>
        _places.TryGetValue(value, out place);

    internal bool TryGet(TopicPartition partition, Offset offset, out SeenRecord record) =>
        _records.TryGetValue((partition, offset), out record);
}
