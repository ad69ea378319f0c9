using Microsoft.Extensions.Logging;

namespace RaftLog.Client.Observability;

/// <summary>
/// The events that a client logs. Their ids stay: a new event gets a new one. <c>docs/client-events.md</c> is written from this list.
/// </summary>
internal static partial class ClientEvents
{
    [LoggerMessage(1001, LogLevel.Information, "Group {Group}: partitions assigned: {Partitions}", EventName = "PartitionsAssigned")]
    public static partial void PartitionsAssigned(this ILogger logger, string group, string partitions);

    [LoggerMessage(1002, LogLevel.Information, "Group {Group}: partitions revoked: {Partitions}", EventName = "PartitionsRevoked")]
    public static partial void PartitionsRevoked(this ILogger logger, string group, string partitions);

    [LoggerMessage(
        1003,
        LogLevel.Warning,
        "Group {Group}: partitions lost, others may read them already: {Partitions}",
        EventName = "PartitionsLost"
    )]
    public static partial void PartitionsLost(this ILogger logger, string group, string partitions);

    [LoggerMessage(1004, LogLevel.Information, "Group {Group}: joined as {MemberId} in generation {Generation}", EventName = "GroupJoined")]
    public static partial void GroupJoined(this ILogger logger, string group, string memberId, int generation);

    [LoggerMessage(
        1005,
        LogLevel.Warning,
        "Group {Group}: the member was put out of the group ({Error}) and joins again",
        EventName = "MemberFenced"
    )]
    public static partial void MemberFenced(this ILogger logger, string group, string error);

    [LoggerMessage(
        1006,
        LogLevel.Error,
        "Group {Group}: the reader has not come back within {MaxPollIntervalMs} ms (max.poll.interval.ms): the member leaves. Handle "
            + "records faster, or raise the limit",
        EventName = "ReaderVanished"
    )]
    public static partial void ReaderVanished(this ILogger logger, string group, long maxPollIntervalMs);

    [LoggerMessage(1007, LogLevel.Error, "Group {Group}: the consumer cannot be a member: {Reason}", EventName = "MembershipFailed")]
    public static partial void MembershipFailed(this ILogger logger, string group, string reason);

    [LoggerMessage(
        1008,
        LogLevel.Warning,
        "Group {Group}: an automatic commit failed and is made up for by the next: {Reason}",
        EventName = "AutoCommitFailed"
    )]
    public static partial void AutoCommitFailed(this ILogger logger, string group, string reason);

    [LoggerMessage(
        1009,
        LogLevel.Warning,
        "{Partition}: {Reason}; reading goes on where auto.offset.reset says",
        EventName = "OffsetReset"
    )]
    public static partial void OffsetReset(this ILogger logger, string partition, string reason);

    [LoggerMessage(1010, LogLevel.Error, "{Partition} cannot be read: {Reason}", EventName = "PartitionFailed")]
    public static partial void PartitionFailed(this ILogger logger, string partition, string reason);

    [LoggerMessage(
        1011,
        LogLevel.Error,
        "{Partition}, offset {Offset}: the handler failed, and processing ends",
        EventName = "HandlerFailed"
    )]
    public static partial void HandlerFailed(this ILogger logger, Exception failure, string partition, long offset);

    [LoggerMessage(
        1012,
        LogLevel.Error,
        "A handler has run for more than {Seconds} s: the member leaves its group so that others take over",
        EventName = "HandlerStuck"
    )]
    public static partial void HandlerStuck(this ILogger logger, long seconds);

    [LoggerMessage(
        1013,
        LogLevel.Warning,
        "{Handlers} handlers have not ended within {Seconds} s and are abandoned: their records come again",
        EventName = "HandlersAbandoned"
    )]
    public static partial void HandlersAbandoned(this ILogger logger, int handlers, double seconds);

    [LoggerMessage(
        1014,
        LogLevel.Warning,
        "Topic {Topic} does not exist, and is waited for: create it, for this client makes no topic by itself, or look how its name is "
            + "spelt",
        EventName = "TopicMissing"
    )]
    public static partial void TopicMissing(this ILogger logger, string topic);
}
