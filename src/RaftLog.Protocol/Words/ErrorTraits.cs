namespace RaftLog.Protocol;

/// <summary>
/// What a client may conclude from an error code, as Kafka's own clients do. One table has a row for every code that says more than "no".
/// </summary>
public static class ErrorTraits
{
    private static readonly ErrorTrait[] Table = MakeTable();

    /// <summary>All that the table says of a code; <see cref="ErrorTrait.None"/> also for codes that this program does not know.</summary>
    public static ErrorTrait Traits(this ErrorCode code) => (uint)code < (uint)Table.Length ? Table[(int)code] : ErrorTrait.None;

    /// <summary>True when the same request may succeed later, or elsewhere.</summary>
    public static bool IsRetriable(this ErrorCode code) => (Traits(code) & ErrorTrait.Retriable) != 0;

    /// <summary>True when the sender's picture of the cluster is old: it asks for metadata before it tries again.</summary>
    public static bool NeedsMetadataRefresh(this ErrorCode code) => (Traits(code) & ErrorTrait.NeedsMetadata) != 0;

    /// <summary>True when the coordinator is elsewhere, or nowhere yet: it is looked for before the request is tried again.</summary>
    public static bool NeedsCoordinator(this ErrorCode code) => (Traits(code) & ErrorTrait.NeedsCoordinator) != 0;

    /// <summary>True when the transaction that the request belongs to can only be aborted.</summary>
    public static bool NeedsAbort(this ErrorCode code) => (Traits(code) & ErrorTrait.NeedsAbort) != 0;

    /// <summary>True when asking again in the same way is of no use: the sender must be made anew, or something changed.</summary>
    public static bool IsFatal(this ErrorCode code) => (Traits(code) & (ErrorTrait.NeedsRestart | ErrorTrait.NeedsChange)) != 0;

    private static ErrorTrait[] MakeTable()
    {
        ErrorTrait[] table = new ErrorTrait[(int)Enum.GetValues<ErrorCode>().Max() + 1];
        Set(
            ErrorTrait.Retriable | ErrorTrait.NeedsMetadata,
            ErrorCode.UnknownTopicOrPartition,
            ErrorCode.LeaderNotAvailable,
            ErrorCode.NotLeaderOrFollower,
            ErrorCode.ReplicaNotAvailable,
            ErrorCode.NetworkException,
            ErrorCode.KafkaStorageError,
            ErrorCode.ListenerNotFound,
            ErrorCode.FencedLeaderEpoch,
            ErrorCode.PreferredLeaderNotAvailable,
            ErrorCode.EligibleLeadersNotAvailable,
            ErrorCode.ElectionNotNeeded,
            ErrorCode.UnknownTopicId,
            ErrorCode.InconsistentTopicId
        );
        Set(ErrorTrait.Retriable | ErrorTrait.NeedsCoordinator, ErrorCode.NotCoordinator, ErrorCode.CoordinatorNotAvailable);
        Set(
            ErrorTrait.Retriable,
            ErrorCode.CorruptMessage,
            ErrorCode.RequestTimedOut,
            ErrorCode.CoordinatorLoadInProgress,
            ErrorCode.NotEnoughReplicas,
            ErrorCode.NotEnoughReplicasAfterAppend,
            ErrorCode.NotController,
            ErrorCode.ConcurrentTransactions,
            ErrorCode.FetchSessionIdNotFound,
            ErrorCode.InvalidFetchSessionEpoch,
            ErrorCode.UnknownLeaderEpoch,
            ErrorCode.OffsetNotAvailable,
            ErrorCode.UnstableOffsetCommit,
            ErrorCode.ThrottlingQuotaExceeded,
            ErrorCode.FetchSessionTopicIdError,
            ErrorCode.ShareSessionNotFound,
            ErrorCode.InvalidShareSessionEpoch,
            ErrorCode.ShareSessionLimitReached
        );
        Set(ErrorTrait.NeedsAbort, ErrorCode.TransactionAbortable);
        Set(
            ErrorTrait.NeedsRestart,
            ErrorCode.ProducerFenced,
            ErrorCode.InvalidProducerEpoch,
            ErrorCode.InvalidProducerIdMapping,
            ErrorCode.FencedInstanceId,
            ErrorCode.UnknownMemberId,
            ErrorCode.IllegalGeneration
        );
        Set(
            ErrorTrait.NeedsChange,
            ErrorCode.InvalidTopicException,
            ErrorCode.RecordListTooLarge,
            ErrorCode.InvalidRequiredAcks,
            ErrorCode.TopicAuthorizationFailed,
            ErrorCode.GroupAuthorizationFailed,
            ErrorCode.ClusterAuthorizationFailed,
            ErrorCode.TransactionalIdAuthorizationFailed,
            ErrorCode.DelegationTokenAuthorizationFailed,
            ErrorCode.UnsupportedSaslMechanism,
            ErrorCode.IllegalSaslState,
            ErrorCode.SaslAuthenticationFailed,
            ErrorCode.UnsupportedVersion,
            ErrorCode.UnsupportedForMessageFormat,
            ErrorCode.InvalidReplicationFactor,
            ErrorCode.InvalidConfig,
            ErrorCode.InvalidRecord
        );
        return table;

        void Set(ErrorTrait traits, params ReadOnlySpan<ErrorCode> codes)
        {
            foreach (ErrorCode code in codes)
            {
                table[(int)code] = traits;
            }
        }
    }
}
