using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeGroups (15), versions 0 to 6: the state and members of classic groups. Version 6 tells that a group does not exist (KIP-1043).
/// </summary>
internal sealed class DescribeGroupsHandler(GroupCoordinator groups) : IRequestHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    public async ValueTask<DescribeGroupsResponse?> HandleAsync(DescribeGroupsRequest request, RequestContext context)
    {
        Task<DescribeGroupsResponse>[] asked = [.. request.Groups.Select(group => DescribeAsync(group, context))];
        DescribeGroupsResponse response = new();
        foreach (Task<DescribeGroupsResponse> each in asked)
        {
            response.Groups.AddRange((await each).Groups);
        }

        foreach (
            DescribeGroupsResponse.DescribedGroup group in response.Groups.Where(group =>
                request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None
            )
        )
        {
            group.AuthorizedOperations = AllowedOperations.OnGroup;
        }

        return response;
    }

    private Task<DescribeGroupsResponse> DescribeAsync(string group, RequestContext context)
    {
        DescribeGroupsRequest one = new() { Groups = [group] };
        return groups.CallAsync(
            group,
            context,
            mayWrite: false,
            (state, in caller, now, outbox) => state.DescribeGroups(caller, one, now, outbox),
            error => new DescribeGroupsResponse { Groups = [new() { GroupId = group, ErrorCode = error }] }
        );
    }
}
