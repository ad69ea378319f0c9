using RaftLog.Protocol;

namespace RaftLog.Client.Transactions;

/// <summary>
/// Who commits offsets within a transaction (KIP-447): with generation and member id a consumer that is out of its group is fenced.
/// </summary>
/// <param name="GroupId">The group.</param>
/// <param name="GenerationId">The generation or member epoch, -1 for none.</param>
/// <param name="MemberId">The member id, or empty.</param>
/// <param name="GroupInstanceId">The name of a static member, or null.</param>
public sealed record ConsumerGroupMetadata(string GroupId, int GenerationId = -1, string MemberId = "", string? GroupInstanceId = null)
{
    /// <summary>The leader epoch of the record before an offset, of which the consumer knows what it has read.</summary>
    internal Func<TopicPartition, Offset, LeaderEpoch> EpochBefore { get; init; } = static (_, _) => LeaderEpoch.None;
}
