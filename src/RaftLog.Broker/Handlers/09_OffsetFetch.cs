using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>OffsetFetch (9), versions 1 to 10: the committed positions of a group, from version 8 on of several (KIP-709).</summary>
internal sealed class OffsetFetchHandler(GroupCoordinator groups) : IRequestHandler<OffsetFetchRequest, OffsetFetchResponse>
{
    private const short FirstWithManyGroups = 8;
    private const short FirstWithOneError = 2;

    public async ValueTask<OffsetFetchResponse?> HandleAsync(OffsetFetchRequest request, RequestContext context)
    {
        if (context.Version < FirstWithManyGroups)
        {
            return await FetchAsync(request.GroupId, request, context, error => Rejected(request, context.Version, error));
        }

        Task<OffsetFetchResponse>[] asked =
        [
            .. request.Groups.Select(group =>
                FetchAsync(
                    group.GroupId,
                    new OffsetFetchRequest { Groups = [group], RequireStable = request.RequireStable },
                    context,
                    error => new OffsetFetchResponse { Groups = [new() { GroupId = group.GroupId, ErrorCode = error }] }
                )
            ),
        ];
        OffsetFetchResponse response = new();
        foreach (Task<OffsetFetchResponse> each in asked)
        {
            response.Groups.AddRange((await each).Groups);
        }

        return response;
    }

    private Task<OffsetFetchResponse> FetchAsync(
        string group,
        OffsetFetchRequest request,
        RequestContext context,
        Func<ErrorCode, OffsetFetchResponse> reject
    ) =>
        groups.CallAsync(
            group,
            context,
            mayWrite: false,
            (state, in caller, now, outbox) => state.OffsetFetch(caller, request, now, outbox),
            reject
        );

    // Version 1 has no error of the whole request: each partition carries it.
    private static OffsetFetchResponse Rejected(OffsetFetchRequest request, short version, ErrorCode error) =>
        version >= FirstWithOneError
            ? new() { ErrorCode = error }
            : new()
            {
                Topics =
                [
                    .. (request.Topics ?? []).Select(topic => new OffsetFetchResponse.OffsetFetchTopicResult
                    {
                        Name = topic.Name,
                        Partitions =
                        [
                            .. topic.PartitionIndexes.Select(index => new OffsetFetchResponse.OffsetFetchPartitionResult
                            {
                                PartitionIndex = index,
                                CommittedOffset = Offset.None,
                                Metadata = "",
                                ErrorCode = error,
                            }),
                        ],
                    }),
                ],
            };
}
