using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>ConsumerGroupDescribe (69), versions 0 and 1: the state, members and assignments of consumer groups (KIP-848).</summary>
internal sealed class ConsumerGroupDescribeHandler(GroupCoordinator groups, Func<bool> isServed)
    : IRequestHandler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>
{
    public async ValueTask<ConsumerGroupDescribeResponse?> HandleAsync(ConsumerGroupDescribeRequest request, RequestContext context)
    {
        Task<ConsumerGroupDescribeResponse>[] asked = [.. request.GroupIds.Select(group => DescribeAsync(group, context))];
        ConsumerGroupDescribeResponse response = new();
        foreach (Task<ConsumerGroupDescribeResponse> each in asked)
        {
            response.Groups.AddRange((await each).Groups);
        }

        foreach (
            ConsumerGroupDescribeResponse.DescribedConsumerGroup group in response.Groups.Where(group =>
                request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None
            )
        )
        {
            group.AuthorizedOperations = AllowedOperations.OnGroup;
        }

        return response;
    }

    private Task<ConsumerGroupDescribeResponse> DescribeAsync(string group, RequestContext context)
    {
        ConsumerGroupDescribeRequest one = new() { GroupIds = [group] };
        return !isServed()
            ? Task.FromResult(Rejected(group, ErrorCode.UnsupportedVersion))
            : groups.CallAsync(
                group,
                context,
                mayWrite: false,
                (state, in caller, now, outbox) => state.ConsumerGroupDescribe(caller, one, now, outbox),
                error => Rejected(group, error)
            );
    }

    private static ConsumerGroupDescribeResponse Rejected(string group, ErrorCode error) =>
        new() { Groups = [new() { GroupId = group, ErrorCode = error }] };
}
