using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>What a group has committed, as its coordinator tells it; where transactions are open it tells nothing.</summary>
/// <param name="world">What asks.</param>
/// <param name="group">The group.</param>
/// <param name="partitions">The partitions to ask for.</param>
public sealed class CommittedOffsets(ProgramWorld world, string group, IReadOnlyList<TopicPartition> partitions)
{
    private const short OneGroup = 7;

    private readonly CoordinatorRequests _coordinators = new(world);
    private readonly SortedDictionary<TopicPartition, Offset> _known = [];

    /// <summary>What was told last.</summary>
    public IReadOnlyDictionary<TopicPartition, Offset> Known => _known;

    /// <summary>Asks once.</summary>
    public async Task ReadAsync()
    {
        OffsetFetchRequest request = new()
        {
            GroupId = group,
            RequireStable = true,
            Topics =
            [
                .. partitions
                    .GroupBy(each => each.Topic)
                    .Select(topic => new OffsetFetchRequest.OffsetFetchTopic
                    {
                        Name = topic.Key,
                        PartitionIndexes = [.. topic.Select(each => each.Partition)],
                    }),
            ],
        };
        CallResult<OffsetFetchResponse> told = await _coordinators.CallAsync(
            CoordinatorKind.Group,
            group,
            request,
            static response => response.ErrorCode,
            OneGroup
        );
        foreach (OffsetFetchResponse.OffsetFetchTopicResult topic in told.IsDone ? told.Response!.Topics : [])
        {
            foreach (
                OffsetFetchResponse.OffsetFetchPartitionResult each in topic.Partitions.Where(each => each.ErrorCode == ErrorCode.None)
            )
            {
                _known[new TopicPartition(topic.Name, each.PartitionIndex)] = Offset.Max(Offset.Zero, each.CommittedOffset);
            }
        }
    }
}
