using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>One side of a connection.</summary>
internal sealed class SimConnection : IConnection
{
    private readonly SimNetwork _network;
    private readonly Incarnation _owner;
    private readonly SimHost _host;
    private readonly long _id;
    private SimPipe _incoming = null!;
    private SimPipe _outgoing = null!;

    private SimConnection(SimNetwork network, Incarnation owner, SimHost host, NetworkAddress peer)
    {
        _network = network;
        _owner = owner;
        _host = host;
        Peer = peer;
        _id = network.Add(this);
    }

    public NetworkAddress Peer { get; }

    internal Incarnation Owner => _owner;

    public ValueTask<int> ReceiveAsync(Memory<byte> target)
    {
        _owner.Calls(SeamCall.Receive);
        return _incoming.ReceiveAsync(target);
    }

    public long BytesSent => _outgoing.BytesSent;

    public ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        _owner.Calls(SeamCall.Send);
        return _outgoing.SendAsync(pieces);
    }

    public void Reset() => End(_outgoing.SendReset);

    public void Dispose()
    {
        if (_owner.IsAlive && !_incoming.HasEnded)
        {
            _incoming.Intake?.Closed();
        }

        End(_outgoing.SendEnd);
    }

    internal static (SimConnection Client, SimConnection Server) Pair(
        SimNetwork network,
        Incarnation client,
        SimHost from,
        NetworkAddress server,
        Incarnation listener,
        SimHost to,
        NetworkAddress clientAddress
    )
    {
        SimConnection mine = new(network, client, from, server);
        SimConnection theirs = new(network, listener, to, clientAddress);
        SimPipe there = new(network, from, to, mine, theirs);
        SimPipe back = new(network, to, from, theirs, mine);
        if (network.Watch is { } watch)
        {
            WireTap tap = new(watch, client.Number, listener.Number);
            there.Tap = tap.FromClient;
            back.Tap = tap.FromServer;
            there.Intake = watch.Requests?.Begin(tap, listener.Number, server.Port);
        }

        (mine._outgoing, theirs._incoming) = (there, there);
        (theirs._outgoing, mine._incoming) = (back, back);
        return (mine, theirs);
    }

    private void End(Action tellPeer)
    {
        _owner.Calls(SeamCall.Close);
        if (_owner.IsAlive)
        {
            _network.Remove(_id);
            _incoming.Intake?.End();
            _incoming.CloseReader();
            tellPeer();
        }
    }

    /// <summary>A reset came from the peer.</summary>
    internal void WasReset() => Break();

    /// <summary>Both directions end with a reset at once.</summary>
    internal void Break()
    {
        _network.Remove(_id);
        _incoming.Intake?.End();
        _incoming.BreakNow();
        _outgoing.BreakNow();
    }

    /// <summary>Bytes came for a side that is closed: its system answers with a reset.</summary>
    internal void RespondWithReset()
    {
        _network.Remove(_id);
        _outgoing.SendReset();
    }

    /// <summary>
    /// The program is gone. Its system, where that still has power, ends the connection; the peer of a host without power learns nothing.
    /// </summary>
    internal void Die()
    {
        _network.Remove(_id);
        _incoming.Intake?.End();
        _incoming.CloseReader();
        if (!_host.HasPower)
        {
            _outgoing.LoseAll();
        }
        else if (_network.Random.Chance(0.5))
        {
            _outgoing.SendReset();
        }
        else
        {
            _outgoing.SendEnd();
        }
    }
}
