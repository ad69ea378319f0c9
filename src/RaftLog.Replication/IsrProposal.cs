using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// A change of the in-sync set that a leader asks the controller for: one partition of an AlterPartition request. The leader recovery state
/// that goes with it is always RECOVERED, since a leader has nothing left to recover once it leads.
/// </summary>
/// <param name="LeaderEpoch">The leadership that proposes.</param>
/// <param name="PartitionEpoch">The state that the proposal is based on; the controller rejects it when the state has moved on.</param>
/// <param name="InSync">The proposed set.</param>
/// <param name="BrokerEpochs">
/// The incarnation of each member, in the order of <paramref name="InSync"/>, so that a member that has restarted since is rejected
/// (KIP-903); <see cref="BrokerEpoch.None"/> for a member that the leader has not heard from.
/// </param>
public sealed record IsrProposal(
    LeaderEpoch LeaderEpoch,
    PartitionEpoch PartitionEpoch,
    NodeSet InSync,
    IReadOnlyList<BrokerEpoch> BrokerEpochs
);

/// <summary>What the controller answered to a proposal: one partition of an AlterPartition response.</summary>
/// <param name="Error">The outcome. The sender reports a lost response as <see cref="ErrorCode.RequestTimedOut"/> or
/// <see cref="ErrorCode.NetworkException"/>.</param>
/// <param name="LeaderEpoch">With success, the leadership that the controller knows.</param>
/// <param name="PartitionEpoch">With success, the epoch of the committed state.</param>
/// <param name="InSync">With success, the committed set.</param>
public readonly record struct IsrResponse(ErrorCode Error, LeaderEpoch LeaderEpoch, PartitionEpoch PartitionEpoch, NodeSet InSync)
{
    /// <summary>A response without a state.</summary>
    public static IsrResponse Failed(ErrorCode error) => new(error, LeaderEpoch.None, PartitionEpoch.None, NodeSet.Empty);
}
