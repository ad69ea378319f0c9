using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>What any fetch says of itself: where it wants to read, and what it believes.</summary>
/// <param name="CurrentLeaderEpoch">The leadership that the sender knows (KIP-320); <see cref="LeaderEpoch.None"/> from an old
/// client.</param>
/// <param name="FetchOffset">The first offset to read. From a follower it is also a claim: everything below it is durable there.</param>
/// <param name="LastFetchedEpoch">The epoch of the record just below; <see cref="LeaderEpoch.None"/> when the sender has none or does not
/// say.</param>
public readonly record struct FetchPosition(LeaderEpoch CurrentLeaderEpoch, Offset FetchOffset, LeaderEpoch LastFetchedEpoch);

/// <summary>Who a fetching follower is.</summary>
/// <param name="Node">The follower.</param>
/// <param name="Epoch">Its incarnation (KIP-903); <see cref="BrokerEpoch.None"/> when it does not say.</param>
/// <param name="LogStart">The start of its log; <see cref="Offset.None"/> when it does not say.</param>
/// <param name="Standing">The place of the position in a fetch session; null for a fetch without one.</param>
public readonly record struct FetchingReplica(NodeId Node, BrokerEpoch Epoch, Offset LogStart, IStandingFetch? Standing = null);

/// <summary>What a fetch may have.</summary>
/// <param name="Error">Anything but <see cref="ErrorCode.None"/> rejects it.</param>
/// <param name="Diverging">The reader's log is no prefix of the leader's: answer this instead of records.</param>
/// <param name="Limit">The offset at which reading must stop: the log end for a follower, the high watermark for a client.</param>
public readonly record struct FetchVerdict(ErrorCode Error, EpochEnd? Diverging, Offset Limit)
{
    /// <summary>True when records may be read, up to <see cref="Limit"/>.</summary>
    public bool MayRead => Error == ErrorCode.None && Diverging is null;

    internal static FetchVerdict Rejected(ErrorCode error) => new(error, null, Offset.None);

    internal static FetchVerdict Diverged(EpochEnd at) => new(ErrorCode.None, at, Offset.None);

    internal static FetchVerdict UpTo(Offset limit) => new(ErrorCode.None, null, limit);
}
