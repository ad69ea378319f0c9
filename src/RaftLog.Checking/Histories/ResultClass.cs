using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// What a response proves. An error that leaves open whether the thing was done is no failure: to treat one as such makes anomalies of
/// sound runs, and the reverse hides real ones.
/// </summary>
public static class ResultClass
{
    /// <summary>What one Produce request's answer says of its records.</summary>
    public static SendOutcome OfProduce(ErrorCode error) =>
        error switch
        {
            ErrorCode.None or ErrorCode.DuplicateSequenceNumber => SendOutcome.Acknowledged,
            ErrorCode.NotEnoughReplicas
            or ErrorCode.UnknownTopicOrPartition
            or ErrorCode.UnknownTopicId
            or ErrorCode.OutOfOrderSequenceNumber
            or ErrorCode.UnknownProducerId
            or ErrorCode.InvalidProducerEpoch
            or ErrorCode.ProducerFenced => SendOutcome.Rejected,
            _ => IsAboutTheRequest(error) ? SendOutcome.Rejected : SendOutcome.Unknown,
        };

    /// <summary>
    /// What the last error of a producer that tries again by itself says. An earlier attempt may have been appended, so only an error that
    /// every attempt would have got is a rejection.
    /// </summary>
    public static SendOutcome OfRetriedProduce(ErrorCode error) =>
        error == ErrorCode.None ? SendOutcome.Acknowledged
        : IsAboutTheRequest(error) ? SendOutcome.Rejected
        : SendOutcome.Unknown;

    /// <summary>
    /// What one response to a change of topics or configuration says of the change. NOT_CONTROLLER proves nothing: a controller that loses
    /// its office says so of changes, too, that stand in its log and may yet be committed.
    /// </summary>
    public static SendOutcome OfChange(ErrorCode error) =>
        error switch
        {
            ErrorCode.None => SendOutcome.Acknowledged,
            ErrorCode.TopicAlreadyExists
            or ErrorCode.UnknownTopicOrPartition
            or ErrorCode.UnknownTopicId
            or ErrorCode.PolicyViolation
            or ErrorCode.ThrottlingQuotaExceeded => SendOutcome.Rejected,
            _ => IsAboutTheRequest(error) ? SendOutcome.Rejected : SendOutcome.Unknown,
        };

    private static bool IsAboutTheRequest(ErrorCode error) =>
        error
            is ErrorCode.MessageTooLarge
                or ErrorCode.RecordListTooLarge
                or ErrorCode.CorruptMessage
                or ErrorCode.InvalidTopicException
                or ErrorCode.InvalidRequiredAcks
                or ErrorCode.InvalidTimestamp
                or ErrorCode.InvalidPartitions
                or ErrorCode.InvalidReplicationFactor
                or ErrorCode.InvalidReplicaAssignment
                or ErrorCode.InvalidConfig
                or ErrorCode.InvalidRequest
                or ErrorCode.InvalidRecord
                or ErrorCode.TopicAuthorizationFailed
                or ErrorCode.ClusterAuthorizationFailed
                or ErrorCode.UnsupportedVersion
                or ErrorCode.UnsupportedForMessageFormat
                or ErrorCode.UnsupportedCompressionType;
}
