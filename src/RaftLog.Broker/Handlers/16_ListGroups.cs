using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>ListGroups (16), versions 0 to 5: the groups that this node coordinates, by state (KIP-518) and type (KIP-848).</summary>
internal sealed class ListGroupsHandler(GroupCoordinator groups) : IRequestHandler<ListGroupsRequest, ListGroupsResponse>
{
    public async ValueTask<ListGroupsResponse?> HandleAsync(ListGroupsRequest request, RequestContext context)
    {
        (List<ListGroupsResponse> responses, ErrorCode error) = await groups.AskAllAsync(
            context,
            (state, in caller, now, outbox) => state.ListGroups(caller, request, now, outbox),
            error => new ListGroupsResponse { ErrorCode = error },
            response => response.ErrorCode
        );
        return error == ErrorCode.None ? new() { Groups = [.. responses.SelectMany(each => each.Groups)] } : new() { ErrorCode = error };
    }
}
