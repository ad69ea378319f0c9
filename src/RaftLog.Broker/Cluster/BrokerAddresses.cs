using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>Where brokers reach each other: their registered endpoints of the inter-broker listener.</summary>
internal sealed class BrokerAddresses(MetadataCache cache, string listener) : IPeerAddresses
{
    /// <inheritdoc />
    public NetworkAddress? AddressOf(NodeId node) =>
        cache.Image.Brokers.TryGetValue(node, out BrokerRegistration? broker) && broker.TryGetEndpoint(listener, out Endpoint endpoint)
            ? new NetworkAddress(endpoint.Host, endpoint.Port)
            : null;
}
