namespace RaftLog.Protocol;

/// <summary>What a client may conclude from an error code, as Kafka's own clients do.</summary>
public static class ErrorTraits
{
    /// <summary>True when the same request may succeed later, or elsewhere.</summary>
    public static bool IsRetriable(this ErrorCode code) => NeedsMetadataRefresh(code) || code is
        ErrorCode.CorruptMessage
        or ErrorCode.RequestTimedOut
        or ErrorCode.CoordinatorLoadInProgress
        or ErrorCode.CoordinatorNotAvailable
        or ErrorCode.NotCoordinator
        or ErrorCode.NotEnoughReplicas
        or ErrorCode.NotEnoughReplicasAfterAppend
        or ErrorCode.NotController
        or ErrorCode.ConcurrentTransactions
        or ErrorCode.FetchSessionIdNotFound
        or ErrorCode.InvalidFetchSessionEpoch
        or ErrorCode.UnknownLeaderEpoch
        or ErrorCode.OffsetNotAvailable
        or ErrorCode.UnstableOffsetCommit
        or ErrorCode.ThrottlingQuotaExceeded
        or ErrorCode.FetchSessionTopicIdError
        or ErrorCode.ShareSessionNotFound
        or ErrorCode.InvalidShareSessionEpoch
        or ErrorCode.ShareSessionLimitReached;

    /// <summary>True when the sender's picture of the cluster is old: it asks for metadata before it tries again.</summary>
    public static bool NeedsMetadataRefresh(this ErrorCode code) => code is
        ErrorCode.UnknownTopicOrPartition
        or ErrorCode.LeaderNotAvailable
        or ErrorCode.NotLeaderOrFollower
        or ErrorCode.ReplicaNotAvailable
        or ErrorCode.NetworkException
        or ErrorCode.KafkaStorageError
        or ErrorCode.ListenerNotFound
        or ErrorCode.FencedLeaderEpoch
        or ErrorCode.PreferredLeaderNotAvailable
        or ErrorCode.EligibleLeadersNotAvailable
        or ErrorCode.ElectionNotNeeded
        or ErrorCode.UnknownTopicId
        or ErrorCode.InconsistentTopicId;
}
