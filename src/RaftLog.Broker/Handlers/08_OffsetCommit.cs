using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// OffsetCommit (8), versions 2 to 10: keeps the positions of a group. The response leaves when they are committed to
/// <c>__consumer_offsets</c>.
/// </summary>
internal sealed class OffsetCommitHandler(GroupCoordinator groups) : IRequestHandler<OffsetCommitRequest, OffsetCommitResponse>
{
    public async ValueTask<OffsetCommitResponse?> HandleAsync(OffsetCommitRequest request, RequestContext context) =>
        await groups.CallAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (state, in caller, now, outbox) => state.OffsetCommit(caller, request, now, outbox),
            error => Rejected(request, error)
        );

    private static OffsetCommitResponse Rejected(OffsetCommitRequest request, ErrorCode error) =>
        new()
        {
            Topics =
            [
                .. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitTopicResult
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                    Partitions =
                    [
                        .. topic.Partitions.Select(partition => new OffsetCommitResponse.OffsetCommitPartitionResult
                        {
                            PartitionIndex = partition.PartitionIndex,
                            ErrorCode = error,
                        }),
                    ],
                }),
            ],
        };
}
