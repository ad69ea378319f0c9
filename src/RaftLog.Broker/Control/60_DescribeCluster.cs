using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>DescribeCluster (60) on a controller's listener: the registered controllers, and who leads (KIP-919).</summary>
internal sealed class DescribeControllersHandler(string clusterId, Func<MetadataImage> image, Func<NodeId> leader)
    : IRequestHandler<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Controllers = 2;

    public ValueTask<DescribeClusterResponse?> HandleAsync(DescribeClusterRequest request, RequestContext context)
    {
        DescribeClusterResponse response = new() { ClusterId = clusterId, EndpointType = Controllers };
        if (request.EndpointType != Controllers)
        {
            response.ErrorCode = ErrorCode.MismatchedEndpointType;
            response.ErrorMessage = "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER";
            return ValueTask.FromResult<DescribeClusterResponse?>(response);
        }

        response.ControllerId = leader();
        foreach (ControllerRegistration controller in image().Controllers.Values)
        {
            foreach (Endpoint endpoint in controller.Endpoints)
            {
                if (string.Equals(endpoint.Listener, context.Connection.ListenerName, StringComparison.OrdinalIgnoreCase))
                {
                    response.Brokers.Add(
                        new()
                        {
                            BrokerId = controller.Id,
                            Host = endpoint.Host,
                            Port = endpoint.Port,
                        }
                    );
                }
            }
        }

        return ValueTask.FromResult<DescribeClusterResponse?>(response);
    }
}
