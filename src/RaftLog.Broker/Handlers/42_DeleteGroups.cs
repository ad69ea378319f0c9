using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>DeleteGroups (42), versions 0 to 2: deletes groups that have no members, with their offsets.</summary>
internal sealed class DeleteGroupsHandler(GroupCoordinator groups) : IRequestHandler<DeleteGroupsRequest, DeleteGroupsResponse>
{
    public async ValueTask<DeleteGroupsResponse?> HandleAsync(DeleteGroupsRequest request, RequestContext context)
    {
        Task<DeleteGroupsResponse>[] asked =
        [
            .. request.GroupsNames.Distinct(StringComparer.Ordinal).Select(group => DeleteAsync(group, context)),
        ];
        DeleteGroupsResponse response = new();
        foreach (Task<DeleteGroupsResponse> each in asked)
        {
            response.Results.AddRange((await each).Results);
        }

        return response;
    }

    private Task<DeleteGroupsResponse> DeleteAsync(string group, RequestContext context)
    {
        DeleteGroupsRequest one = new() { GroupsNames = [group] };
        return groups.CallAsync(
            group,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.DeleteGroups(caller, one, now, outbox),
            error => new DeleteGroupsResponse { Results = [new() { GroupId = group, ErrorCode = error }] }
        );
    }
}
