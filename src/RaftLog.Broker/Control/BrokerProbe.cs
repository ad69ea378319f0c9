using RaftLog.Broker.Cluster;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Control;

/// <summary>
/// Connects to a broker's inter-broker listener to see whether its process is there. Only a refusal says that it is gone; an accepted
/// connection may be a proxy's, and silence may be the network's.
/// </summary>
internal sealed class BrokerProbe(INetwork network, Supervisor supervisor, string interBrokerListener, TimeSpan timeout, bool enabled)
{
    /// <summary>Starts a probe; its end is told once. Where probing is off, the end is always evidence of nothing.</summary>
    public void Start(BrokerRegistration broker, Action<bool> ended)
    {
        if (!enabled || !broker.TryGetEndpoint(interBrokerListener, out Endpoint endpoint))
        {
            ended(false);
            return;
        }

        supervisor.Run(
            $"probe of broker {broker.Id}",
            async () => ended(await IsRefusedAsync(network, new NetworkAddress(endpoint.Host, endpoint.Port), timeout))
        );
    }

    /// <summary>True when an address answers that nobody listens there.</summary>
    public static async ValueTask<bool> IsRefusedAsync(INetwork network, NetworkAddress address, TimeSpan timeout)
    {
        ConnectResult result = await network.ConnectAsync(address, timeout, CancellationToken.None);
        result.Connection?.Dispose();
        return result.Outcome == ConnectOutcome.Refused;
    }
}
