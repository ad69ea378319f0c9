using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeCluster (60), versions 0 to 2, on a broker's listener: the brokers as its clients reach them; fenced ones only on request
/// (KIP-1073).
/// </summary>
internal sealed class DescribeClusterHandler(MetadataCache cache) : IRequestHandler<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    public async ValueTask<DescribeClusterResponse?> HandleAsync(DescribeClusterRequest request, RequestContext context)
    {
        DescribeClusterResponse response = new() { ClusterId = cache.ClusterId, EndpointType = Brokers };
        if (request.EndpointType != Brokers)
        {
            (response.ErrorCode, response.ErrorMessage) =
                request.EndpointType == Controllers
                    ? (
                        ErrorCode.MismatchedEndpointType,
                        "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
                    )
                    : (
                        ErrorCode.UnsupportedEndpointType,
                        $"There are no endpoints of type {request.EndpointType}; ask for 1 (brokers) or 2 (controllers)."
                    );
            return response;
        }

        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AllowedOperations.OnCluster;
        }

        await cache.WhenSelfIsNamedAsync();
        MetadataImage image = cache.Image;
        foreach (
            (BrokerRegistration broker, Endpoint endpoint) in image.Behind(
                context.Connection.ListenerName,
                broker => !broker.Fenced || request.IncludeFencedBrokers
            )
        )
        {
            response.Brokers.Add(
                new()
                {
                    BrokerId = broker.Id,
                    Host = endpoint.Host,
                    Port = endpoint.Port,
                    Rack = broker.Rack,
                    IsFenced = broker.Fenced,
                }
            );
        }

        response.ControllerId =
            image.IsAlive(cache.Self) ? cache.Self
            : response.Brokers.Count > 0 ? response.Brokers[0].BrokerId
            : NodeId.None;
        return response;
    }
}
