using RaftLog.Broker.Metadata;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Coordination;
using RaftLog.Coordination.Groups;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Coordination;

/// <summary>One request, as the state of its group decides it.</summary>
internal delegate void GroupCommand(GroupCoordinatorState state, in GroupCaller caller, CoordinatorTime now, Outbox outbox);

/// <summary>
/// The group coordinator of this node: brings requests to the shards of their groups, and tells the shards what changes in the cluster's
/// topics.
/// </summary>
/// <param name="shards">The shards of <c>__consumer_offsets</c>.</param>
/// <param name="entropy">Where member ids come from.</param>
internal sealed class GroupCoordinator(CoordinatorShards<GroupShardState> shards, IEntropy entropy) : IMetadataListener
{
    /// <summary>
    /// As <see cref="CallAsync{TResponse}"/>, for requests that are wrong without a group id, whoever coordinates it.
    /// </summary>
    /// <inheritdoc cref="CallAsync{TResponse}" path="/param" />
    public Task<TResponse> CallWithIdAsync<TResponse>(
        string group,
        RequestContext context,
        bool mayWrite,
        GroupCommand command,
        Func<ErrorCode, TResponse> reject
    )
        where TResponse : class, IMessage =>
        group.Length == 0 ? Task.FromResult(reject(ErrorCode.InvalidGroupId)) : CallAsync(group, context, mayWrite, command, reject);

    /// <summary>Brings a request to the shard of its group, and waits for the response.</summary>
    /// <param name="group">The group.</param>
    /// <param name="context">The request.</param>
    /// <param name="mayWrite">True where the request may append records.</param>
    /// <param name="command">Decides it.</param>
    /// <param name="reject">Makes the response that carries an error.</param>
    public Task<TResponse> CallAsync<TResponse>(
        string group,
        RequestContext context,
        bool mayWrite,
        GroupCommand command,
        Func<ErrorCode, TResponse> reject
    )
        where TResponse : class, IMessage
    {
        Uuid freshId = NodeRandom.NewId(entropy);
        return shards.CallAsync(
            group,
            mayWrite,
            (state, token, now, outbox) => state.Run(command, Caller(token, context, freshId), now, outbox),
            reject
        );
    }

    /// <summary>
    /// Asks every shard of this node. Shards that are just ending have nothing to say; one that loads has to be waited for.
    /// </summary>
    /// <returns>The responses, or an error.</returns>
    public async ValueTask<(List<TResponse> Responses, ErrorCode Error)> AskAllAsync<TResponse>(
        RequestContext context,
        GroupCommand command,
        Func<ErrorCode, TResponse> reject,
        Func<TResponse, ErrorCode> errorOf
    )
        where TResponse : class, IMessage
    {
        List<Task<TResponse>> asked =
        [
            .. shards.All.Select(shard =>
                shard.CallAsync(
                    mayWrite: false,
                    (state, token, now, outbox) => state.Run(command, Caller(token, context, Uuid.Zero), now, outbox),
                    reject
                )
            ),
        ];
        List<TResponse> responses = [];
        ErrorCode error = ErrorCode.None;
        foreach (Task<TResponse> each in asked)
        {
            TResponse response = await each;
            ErrorCode its = errorOf(response);
            if (its == ErrorCode.None)
            {
                responses.Add(response);
            }
            else if (its != ErrorCode.NotCoordinator)
            {
                error = its;
            }
        }

        return (responses, error);
    }

    /// <summary>
    /// Ends a transaction on a partition of <c>__consumer_offsets</c> that this node leads; the result is its error code.
    /// </summary>
    public Task<ErrorCode> AppendMarkerAsync(int partition, TransactionMarker marker) => shards.AppendMarkerAsync(partition, marker);

    /// <inheritdoc />
    public Task ApplyAsync(MetadataUpdate update)
    {
        if (update.Changes.DeletedTopics.Count > 0)
        {
            List<(string Name, Uuid Id)> deleted = [.. update.Changes.DeletedTopics.Select(topic => (topic.Name, topic.Id))];
            shards.PostToAll((state, now, outbox) => state.TopicsDeleted(deleted, now, outbox));
        }

        return Task.CompletedTask;
    }

    private static GroupCaller Caller(RequestToken token, RequestContext context, Uuid freshId) =>
        new(token, context.Version, context.ClientId, $"/{context.Connection.Peer.Host}", freshId);
}
