using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The final log, indexed both ways; building it finds what is wrong with it alone.</summary>
internal sealed class FinalLog
{
    private readonly Dictionary<(TopicPartition, Offset), RecordValue> _values = [];
    private readonly Dictionary<RecordValue, (TopicPartition Partition, Offset Offset)> _places = [];

    internal FinalLog(IReadOnlyList<SeenRecord> records, AnomalyList found)
    {
        foreach (SeenRecord record in records)
        {
            if (_values.TryGetValue((record.Partition, record.Offset), out RecordValue other))
            {
                if (other != record.Value)
                {
                    found.Add(AnomalyKind.InconsistentOffset, $"{record.Partition} offset {record.Offset} holds {other} and {record.Value} in one read");
                }

                continue;
            }

            _values.Add((record.Partition, record.Offset), record.Value);
            if (!_places.TryAdd(record.Value, (record.Partition, record.Offset)))
            {
                (TopicPartition partition, Offset offset) = _places[record.Value];
                found.Add(AnomalyKind.Duplicate, $"{record.Value} stands at {partition} offset {offset} and at {record.Partition} offset {record.Offset}");
            }
        }
    }

    /// <summary>The values that are there.</summary>
    internal IEnumerable<RecordValue> Values => _places.Keys;

    internal bool TryGetPlace(RecordValue value, out (TopicPartition Partition, Offset Offset) place) => _places.TryGetValue(value, out place);

    internal bool TryGetValue(TopicPartition partition, Offset offset, out RecordValue value) => _values.TryGetValue((partition, offset), out value);
}
