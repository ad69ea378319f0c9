using RaftLog.Broker.Partitions;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Connections from this broker to others, one a broker, opened on first use: for what coordinators and partition leaders ask each other.
/// </summary>
internal sealed class BrokerLinks(RpcConnector connector, IPeerAddresses addresses, TimeSpan timeout)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, PeerLink> _links = [];
    private bool _stopped;

    /// <summary>Sends a request to a broker, over its listener between brokers. Requests to one broker are answered in order.</summary>
    public async ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(NodeId node, IRequest<TResponse> request)
        where TResponse : class, IVersionedMessage, new()
    {
        if (LinkTo(node) is not { } link)
        {
            return RpcResult<TResponse>.Failed(RpcOutcome.Disconnected, $"the address of node {node} is not known");
        }

        RpcConnectResult connected = await link.OpenAsync();
        return connected.Channel is { } channel
            ? await channel.CallAsync(request, timeout)
            : RpcResult<TResponse>.Failed(RpcOutcome.Disconnected, connected.Reason);
    }

    /// <summary>Closes all connections; no new ones are opened.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            foreach (PeerLink link in _links.Values)
            {
                link.Dispose();
            }
        }
    }

    private PeerLink? LinkTo(NodeId node)
    {
        if (addresses.AddressOf(node) is not { } address)
        {
            return null;
        }

        lock (_gate)
        {
            if (_links.TryGetValue(node, out PeerLink? link) && link.Address == address)
            {
                return link;
            }

            link?.Dispose();
            if (_stopped)
            {
                return null;
            }

            link = new PeerLink(connector, address, timeout);
            _links[node] = link;
            return link;
        }
    }
}
