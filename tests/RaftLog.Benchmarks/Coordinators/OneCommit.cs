using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>The commit of a group that has no members.</summary>
internal static class OneCommit
{
    private const int NoGeneration = -1;

    /// <summary>The same offset for the first partitions of a topic.</summary>
    public static OffsetCommitRequest Of(string group, string topic, int partitions, long offset) =>
        new()
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = NoGeneration,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions =
                    [
                        .. Enumerable
                            .Range(0, partitions)
                            .Select(index => new OffsetCommitRequest.OffsetCommitPartition
                            {
                                PartitionIndex = index,
                                CommittedOffset = new(offset),
                                CommittedMetadata = "",
                            }),
                    ],
                },
            ],
        };
}
