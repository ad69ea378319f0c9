using RaftLog.Broker.Cluster;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Control;

/// <summary>
/// Connects to a broker's inter-broker listener to see whether its process is there. Only a refusal says that it is gone; an accepted
/// connection may be a proxy's, and silence may be the network's. A process that is killed closes its sockets one after the other, so for
/// a moment its listener still accepts: a connection that was accepted and ends again is no response, and the probe connects anew.
/// </summary>
internal sealed class BrokerProbe(
    INetwork network,
    Supervisor supervisor,
    Waiters waiters,
    string interBrokerListener,
    TimeSpan timeout,
    bool enabled
)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

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
            async () => ended(await IsGoneAsync(new NetworkAddress(endpoint.Host, endpoint.Port)))
        );
    }

    /// <summary>True when an address answers that nobody listens there.</summary>
    public static async ValueTask<bool> IsRefusedAsync(INetwork network, NetworkAddress address, TimeSpan timeout)
    {
        ConnectResult result = await network.ConnectAsync(address, timeout, CancellationToken.None);
        result.Connection?.Dispose();
        return result.Outcome == ConnectOutcome.Refused;
    }

    /// <summary>
    /// True when nobody listens at an address, or nobody any more within the timeout; false when a connection lasts as long, or nothing is
    /// answered.
    /// </summary>
    private async ValueTask<bool> IsGoneAsync(NetworkAddress address)
    {
        long deadline = waiters.NowMs + (long)timeout.TotalMilliseconds;
        while (deadline - waiters.NowMs is > 0 and var left)
        {
            ConnectResult result = await network.ConnectAsync(address, TimeSpan.FromMilliseconds(left), CancellationToken.None);
            if (result.Connection is not { } connection)
            {
                return result.Outcome == ConnectOutcome.Refused;
            }

            await UntilItEndsAsync(connection, waiters.Until(deadline));
            if (await waiters.Delay(Pause) == WaitOutcome.Closed)
            {
                break;
            }
        }

        return false;
    }

    /// <summary>Waits until the peer ends a connection, at most for a time; then it is closed.</summary>
    private async ValueTask UntilItEndsAsync(IConnection connection, TimeSpan most)
    {
        Wait limit = waiters.Rent(most);
        Task closed = CloseAfterAsync(limit, connection);
        byte[] unread = new byte[1];
        while (await connection.ReceiveAsync(unread) > 0) { }

        limit.TryComplete(WaitOutcome.Ready);
        await closed;
    }

    private static async Task CloseAfterAsync(Wait limit, IConnection connection)
    {
        await limit.Outcome;
        connection.Dispose();
    }
}
