using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>What became of positions that are not, or no longer, in the log that they belong to.</summary>
internal sealed class PositionChanges
{
    /// <summary>What was fetched ahead of them, to be given back.</summary>
    public List<FetchedRecords> Dropped { get; } = [];

    /// <summary>Those that are read on where the policy says, and why.</summary>
    public List<(TopicPartition Partition, string Reason)> Reset { get; } = [];

    /// <summary>Those that cannot be read before a seek, and why.</summary>
    public List<(TopicPartition Partition, string Reason)> Failed { get; } = [];
}
