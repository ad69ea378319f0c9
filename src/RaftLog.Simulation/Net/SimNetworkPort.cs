using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>The network seam of one incarnation.</summary>
internal sealed class SimNetworkPort(SimNetwork network, SimHost host, Incarnation owner) : INetwork
{
    public IListener Listen(NetworkAddress address)
    {
        int port = address.Port == 0 ? host.TakePort() : address.Port;
        if (host.ListenerOn(port) is not null)
        {
            throw new NetworkException(address, "the port is in use");
        }

        SimListener listener = new(address with { Port = port }, owner);
        host.Add(port, listener);
        return listener;
    }

    public ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        network.Scheduler.RequireOwnThread();
        owner.Calls(SeamCall.Connect);
        network.Scheduler.Trace.Note(TraceKind.Connect, network.Scheduler.Now, owner.Number, address.Port);
        SimConnect connect = new(network, host, owner, address);
        return connect.RunAsync(timeout, cancel);
    }
}
