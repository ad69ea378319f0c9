using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Consume;

/// <summary>
/// Finds the position that a part of a fetch response is about. Brokers answer in the order of the request, so the next is nearly always the
/// right one; only where it is not, a table is made.
/// </summary>
internal struct FetchMatch(List<ReadPosition> positions)
{
    private Dictionary<TopicPartition, ReadPosition>? _byName;
    private Dictionary<(Uuid Topic, int Partition), ReadPosition>? _byId;
    private int _next;

    public bool TryFind(FetchResponse.FetchableTopicResponse topic, int partition, [NotNullWhen(true)] out ReadPosition? position)
    {
        if (_next < positions.Count && Is(positions[_next], topic, partition))
        {
            position = positions[_next++];
            return true;
        }

        if (_byName is null || _byId is null)
        {
            _byName = [];
            _byId = [];
            foreach (ReadPosition each in positions)
            {
                _byName[each.Partition] = each;
                _byId[(each.TopicId, each.Partition.Partition)] = each;
            }
        }

        return topic.TopicId == Uuid.Zero
            ? _byName.TryGetValue(new TopicPartition(topic.Topic, partition), out position)
            : _byId.TryGetValue((topic.TopicId, partition), out position);
    }

    private static bool Is(ReadPosition position, FetchResponse.FetchableTopicResponse topic, int partition) =>
        position.Partition.Partition == partition
        && (topic.TopicId == Uuid.Zero ? position.Partition.Topic == topic.Topic : position.TopicId == topic.TopicId);
}
