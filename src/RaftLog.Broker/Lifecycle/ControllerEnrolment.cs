using RaftLog.Broker.Cluster;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// Makes a controller known to the cluster, once for each process (KIP-919): DescribeQuorum names its listeners from then on.
/// </summary>
internal sealed class ControllerEnrolment(
    NodeId node,
    Uuid incarnation,
    IReadOnlyList<Endpoint> endpoints,
    IControllerChannel controller,
    LifecycleOptions options,
    Waiters waiters,
    NodeLog nodeLog
)
{
    /// <summary>Registers, and tries again until it succeeds or the node stops.</summary>
    public async Task RunAsync()
    {
        ControllerRegistrationRequest request = new()
        {
            ControllerId = node,
            IncarnationId = incarnation,
            Listeners =
            [
                .. endpoints.Select(each => new ControllerRegistrationRequest.Listener
                {
                    Name = each.Listener,
                    Host = each.Host,
                    Port = each.Port,
                    SecurityProtocol = each.SecurityProtocol,
                }),
            ],
            Features =
            [
                .. Features.Supported.Select(each => new ControllerRegistrationRequest.Feature
                {
                    Name = each.Name,
                    MinSupportedVersion = each.Lowest,
                    MaxSupportedVersion = each.Highest,
                }),
            ],
        };
        while (true)
        {
            if (await controller.SendAsync(request, options.RequestTimeout) is { } response)
            {
                if (response.ErrorCode == ErrorCode.None)
                {
                    return;
                }

                nodeLog.Warn($"the active controller declines to register controller {node}: {response.ErrorCode} {response.ErrorMessage}");
            }

            if (await waiters.Delay(options.RetryPause) == WaitOutcome.Closed)
            {
                return;
            }
        }
    }
}
