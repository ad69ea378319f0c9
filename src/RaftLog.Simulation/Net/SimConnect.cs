using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>A connect under way.</summary>
internal sealed class SimConnect(SimNetwork network, SimHost from, Incarnation owner, NetworkAddress address)
{
    private readonly TaskCompletionSource<ConnectResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SimConnection? _mine;

    internal async ValueTask<ConnectResult> RunAsync(TimeSpan timeout, CancellationToken cancel)
    {
        SimHost? to = network.Find(address.Host);
        if (to is null)
        {
            return new ConnectResult(ConnectOutcome.Silent, null, $"cannot find {address.Host}");
        }

        SimEvent? limit =
            timeout == Timeout.InfiniteTimeSpan
                ? null
                : network.Scheduler.After(timeout, () => GiveUp($"no response within {timeout.TotalMilliseconds} ms"));
        network.Scheduler.After(network.DrawDelay(from, to), () => Knock(to));
        using CancellationTokenRegistration registration = cancel.Register(() => GiveUp("cancelled"));
        ConnectResult result = await _done.Task;
        limit?.Cancel();
        return result;
    }

    private void Knock(SimHost to)
    {
        if (_done.Task.IsCompleted || !owner.IsAlive)
        {
            return;
        }

        if (!network.IsOpen(from, to))
        {
            network.Scheduler.After(network.DrawRetransmission(from, to), () => Knock(to));
            return;
        }

        if (to.ListenerOn(address.Port) is { } listener)
        {
            (_mine, SimConnection theirs) = SimConnection.Pair(
                network,
                owner,
                from,
                address,
                listener.Owner,
                to,
                new NetworkAddress(from.Name, from.TakePort())
            );
            listener.Offer(theirs);
        }

        network.Scheduler.After(network.DrawDelay(to, from), () => Respond(to));
    }

    private void Respond(SimHost to)
    {
        if (_done.Task.IsCompleted || !owner.IsAlive)
        {
            return;
        }

        if (!network.IsOpen(to, from))
        {
            network.Scheduler.After(network.DrawRetransmission(to, from), () => Respond(to));
            return;
        }

        _done.TrySetResult(
            _mine is { } connection
                ? new ConnectResult(ConnectOutcome.Accepted, connection, "")
                : new ConnectResult(ConnectOutcome.Refused, null, $"nobody listens on {address}")
        );
    }

    private void GiveUp(string reason)
    {
        if (_done.TrySetResult(new ConnectResult(ConnectOutcome.Silent, null, reason)))
        {
            _mine?.Reset();
        }
    }
}
