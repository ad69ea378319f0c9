using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// JoinGroup (11), versions 0 to 9: brings a member into a classic group. The response leaves when the members of the next generation have
/// come together.
/// </summary>
internal sealed class JoinGroupHandler(GroupCoordinator groups) : IRequestHandler<JoinGroupRequest, JoinGroupResponse>
{
    private const short FirstWithoutProtocolName = 7;

    public async ValueTask<JoinGroupResponse?> HandleAsync(JoinGroupRequest request, RequestContext context)
    {
        // The group decides on another thread, when the frame's bytes may be another request's.
        request.Protocols.ForEach(protocol => protocol.Metadata = protocol.Metadata.ToArray());
        return await groups.CallWithIdAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.JoinGroup(caller, request, now, outbox),
            error => new JoinGroupResponse
            {
                ErrorCode = error,
                MemberId = request.MemberId,
                ProtocolName = context.Version >= FirstWithoutProtocolName ? null : "",
            }
        );
    }
}
