using RaftLog.Protocol;

namespace RaftLog.Client.Transactions;

/// <summary>What each error code means to a transaction, as Kafka's producer has it (KIP-98, KIP-360, KIP-890, KIP-1050).</summary>
internal static class TransactionErrors
{
    public static TransactionVerdict Verdict(TransactionRequest request, ErrorCode error) =>
        error switch
        {
            ErrorCode.None => TransactionVerdict.Done,

            // A leader may know an epoch that the coordinator has raised for another reason than a new producer: aborting tells which.
            ErrorCode.InvalidProducerEpoch when request == TransactionRequest.Produce => TransactionVerdict.Abort,

            // What was rejected is this topic, group or record, not the producer.
            ErrorCode.TopicAuthorizationFailed
            or ErrorCode.GroupAuthorizationFailed
            or ErrorCode.InvalidTopicException
            or ErrorCode.InvalidRecord
            or ErrorCode.RecordListTooLarge => TransactionVerdict.Abort,

            // The consumer whose offsets they are is out of its group.
            ErrorCode.UnknownMemberId
            or ErrorCode.IllegalGeneration
            or ErrorCode.FencedInstanceId
            or ErrorCode.FencedMemberEpoch
            or ErrorCode.StaleMemberEpoch => TransactionVerdict.Abort,

            // Between its own coordinator and itself there is no such thing as an unknown producer.
            ErrorCode.UnknownProducerId => request == TransactionRequest.Init ? TransactionVerdict.Fatal : TransactionVerdict.Abort,
            _ when error.IsFatal() => TransactionVerdict.Fatal,
            _ when error.NeedsAbort() => TransactionVerdict.Abort,
            _ when error.IsRetriable() => TransactionVerdict.Retry,
            _ => request == TransactionRequest.Produce ? TransactionVerdict.Abort : TransactionVerdict.Fatal,
        };
}
