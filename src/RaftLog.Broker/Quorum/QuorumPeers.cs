using RaftLog.Broker.Cluster;
using RaftLog.Broker.Control;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>How a request to a voter ended.</summary>
/// <param name="Reply">What it answered, or null.</param>
/// <param name="Bytes">The records or snapshot bytes that came with the response.</param>
/// <param name="IsGone">True when there is evidence that the node's process is gone.</param>
internal readonly record struct PeerReply(RaftReply? Reply, Memory<byte>? Bytes, bool IsGone);

/// <summary>Carries the Raft core's requests to the other voters.</summary>
internal sealed class QuorumPeers : IDisposable
{
    private const int FetchMaxWaitMs = 500;

    private readonly SortedDictionary<NodeId, PeerLink> _links = [];
    private readonly INetwork _network;
    private readonly QuorumPeerOptions _options;

    public QuorumPeers(
        INetwork network,
        RpcConnector connector,
        IReadOnlyDictionary<NodeId, NetworkAddress> voters,
        QuorumPeerOptions options
    )
    {
        _network = network;
        _options = options;
        foreach ((NodeId node, NetworkAddress address) in voters)
        {
            _links.Add(node, new PeerLink(connector, address, options.RequestTimeout));
        }
    }

    /// <summary>Sends a request and waits for its end.</summary>
    /// <param name="to">The voter.</param>
    /// <param name="request">What to send.</param>
    /// <param name="isCurrent">Asked when it had to wait for a connection: whether the core would still say it. If not, it ends without a
    /// reply.</param>
    public async ValueTask<PeerReply> SendAsync(NodeId to, RaftRequest request, Func<RaftRequest, Task<bool>> isCurrent)
    {
        if (!_links.TryGetValue(to, out PeerLink? link))
        {
            return default;
        }

        ValueTask<RpcConnectResult> opening = link.OpenAsync();
        bool mustWait = !opening.IsCompleted;
        RpcConnectResult connected = await opening;
        if (connected.Channel is not { } channel)
        {
            return new PeerReply(null, null, IsGone: connected.Outcome == ConnectOutcome.Refused);
        }

        if (mustWait && !await isCurrent(request))
        {
            return default;
        }

        (PeerReply reply, RpcOutcome outcome) = await ExchangeAsync(channel, request);
        if (outcome != RpcOutcome.Disconnected)
        {
            return reply;
        }

        // A closed connection alone may be a reset on the way; nobody listening any more is evidence.
        return reply with
        {
            IsGone = await BrokerProbe.IsRefusedAsync(_network, link.Address, _options.RequestTimeout),
        };
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (PeerLink link in _links.Values)
        {
            link.Dispose();
        }
    }

    private async ValueTask<(PeerReply Reply, RpcOutcome Outcome)> ExchangeAsync(RpcChannel channel, RaftRequest request)
    {
        switch (request)
        {
            case RaftVoteRequest vote:
                return await CallAsync(
                    channel,
                    QuorumWire.ToWire(vote, _options.ClusterId),
                    response => (QuorumWire.FromWire(response), null)
                );
            case RaftBeginEpochRequest begin:
                return await CallAsync(
                    channel,
                    QuorumWire.ToWire(begin, _options.ClusterId, _options.Self),
                    response => (QuorumWire.FromWire(response), null)
                );
            case RaftEndEpochRequest end:
                return await CallAsync(
                    channel,
                    QuorumWire.ToWire(end, _options.ClusterId, _options.Self),
                    response => (QuorumWire.FromWire(response), null)
                );
            case RaftFetchRequest fetch:
                return await CallAsync(
                    channel,
                    QuorumWire.ToWire(fetch, _options.ClusterId, _options.FetchMaxBytes, FetchMaxWaitMs),
                    response => QuorumWire.FromWire(response) ?? (null, null)
                );
            case RaftFetchSnapshotRequest snapshot:
                return await CallAsync(
                    channel,
                    QuorumWire.ToWire(snapshot, _options.ClusterId, _options.SnapshotMaxBytes),
                    response => QuorumWire.FromWire(response) ?? (null, null)
                );
            default:
                throw new InvariantException("B-04", $"the Raft core sends a {request.GetType().Name}, which has no wire form");
        }
    }

    private async ValueTask<(PeerReply Reply, RpcOutcome Outcome)> CallAsync<TResponse>(
        RpcChannel channel,
        IRequest<TResponse> request,
        Func<TResponse, (RaftReply? Reply, Memory<byte>? Bytes)> read
    )
        where TResponse : class, IVersionedMessage, new()
    {
        RpcResult<TResponse> result = await channel.CallAsync(request, _options.RequestTimeout);
        if (!result.TryGet(out TResponse? response))
        {
            return (default, result.Outcome);
        }

        (RaftReply? reply, Memory<byte>? bytes) = read(response);
        return (new PeerReply(reply, bytes, IsGone: false), result.Outcome);
    }
}

/// <summary>How a node speaks to the other voters.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Self">Where this node's own controller listener is, for announcements.</param>
/// <param name="RequestTimeout">How long a request may take.</param>
/// <param name="FetchMaxBytes">The most bytes of records in one response (<c>controller.quorum.fetch.max.bytes</c>).</param>
/// <param name="SnapshotMaxBytes">The most bytes of a snapshot in one response (<c>controller.quorum.fetch.snapshot.max.bytes</c>).</param>
internal sealed record QuorumPeerOptions(
    string ClusterId,
    QuorumEndpoint Self,
    TimeSpan RequestTimeout,
    int FetchMaxBytes,
    int SnapshotMaxBytes
);
