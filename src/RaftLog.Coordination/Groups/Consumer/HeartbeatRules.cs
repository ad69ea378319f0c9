using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>What a ConsumerGroupHeartbeat must look like, whatever the group is.</summary>
internal static class HeartbeatRules
{
    /// <summary>The epoch of a member that joins.</summary>
    public const int Join = 0;

    /// <summary>The epoch of a member that leaves.</summary>
    public const int Leave = -1;

    /// <summary>The first version in which the client makes the member id (KIP-1082).</summary>
    public const short ClientMakesId = 1;

    /// <summary>Why the request is rejected; null when it is well-formed.</summary>
    public static GroupRejection? Check(short version, ConsumerGroupHeartbeatRequest request, ConsumerGroupSettings settings)
    {
        bool isJoin = request.MemberEpoch == Join;
        string? fault = true switch
        {
            _ when request.MemberId.Length == 0 && (version >= ClientMakesId || !isJoin) => "MemberId can't be empty.",
            _ when request.GroupId.Length == 0 => "GroupId can't be empty.",
            _ when request.InstanceId is { Length: 0 } => "InstanceId can't be empty.",
            _ when request.RackId is { Length: 0 } => "RackId can't be empty.",
            _ when isJoin && request.RebalanceTimeoutMs == -1 => "RebalanceTimeoutMs must be provided in first request.",
            _ when isJoin && request.TopicPartitions is not { Count: 0 } => "TopicPartitions must be empty when (re-)joining.",
            _ when isJoin && request.SubscribedTopicNames is null && request.SubscribedTopicRegex is null =>
                "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
            _ when request.MemberEpoch == ConsumerMember.LeftForAWhile && request.InstanceId is null => "InstanceId can't be null.",
            _ when request.MemberEpoch < ConsumerMember.LeftForAWhile => "MemberEpoch is invalid.",
            _ => null,
        };
        if (fault is not null)
        {
            return new GroupRejection(ErrorCode.InvalidRequest, fault);
        }

        return request.ServerAssignor is { } assignor && !settings.Assignors.Contains(assignor, StringComparer.Ordinal)
            ? new GroupRejection(
                ErrorCode.UnsupportedAssignor,
                $"ServerAssignor {assignor} is not supported. Supported assignors: {string.Join(", ", settings.Assignors)}."
            )
            : null;
    }

    /// <summary>Why a member may not go on with the epoch that it sends; null when it may.</summary>
    /// <param name="member">The member.</param>
    /// <param name="epoch">The epoch that it sends.</param>
    /// <param name="reported">What it says that it owns; null when it does not say.</param>
    public static GroupRejection? CheckEpoch(ConsumerMember member, int epoch, IReadOnlySet<TopicIdPartition>? reported)
    {
        if (epoch > member.Epoch)
        {
            return Fenced("greater", member, epoch);
        }

        // The response to its last heartbeat may have been lost: the epoch before is good as long as it owns no more than it may.
        bool isKnown =
            epoch == member.Epoch
            || (
                epoch == member.PreviousEpoch
                && reported is not null
                && reported.IsSubsetOf(member.Assigned.Select(owned => owned.Partition))
            );
        return isKnown ? null : Fenced("smaller", member, epoch);
    }

    /// <summary>Why a regular expression is rejected; null when it is valid.</summary>
    public static GroupRejection? CheckRegex(string regex) =>
        regex.Length == 0 || TopicPattern.TryParse(regex, out _, out string? error)
            ? null
            : new GroupRejection(
                ErrorCode.InvalidRegularExpression,
                $"SubscribedTopicRegex `{regex}` is not a valid regular expression: {error}."
            );

    private static GroupRejection Fenced(string comparison, ConsumerMember member, int epoch) =>
        new(
            ErrorCode.FencedMemberEpoch,
            $"The consumer group member has a {comparison} member epoch ({epoch}) than the one known by the group coordinator "
                + $"({member.Epoch}). "
                + "The member must abandon all its partitions and rejoin."
        );
}
