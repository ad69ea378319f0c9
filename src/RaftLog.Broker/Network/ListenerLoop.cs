using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Network;

/// <summary>
/// Accepts the connections of one listener and serves each until it ends, or until its client has been quiet for too long.
/// </summary>
internal sealed class ListenerLoop(
    IListener listener,
    string name,
    ApiTable apis,
    ConnectionRules rules,
    BufferPool buffers,
    BufferPool? smallBuffers,
    Waiters waiters,
    Supervisor supervisor,
    ClientWarnings warnings,
    NodeLog nodeLog
)
{
    private static readonly TimeSpan LongestSweepPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestSweepPause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Connection> _open = [];
    private long _nextConnectionId;
    private bool _stopped;

    // Of connections that have ended; those that are open count for themselves.
    private ConnectionCounts _counted;

    /// <summary>The address that clients reach it at.</summary>
    public NetworkAddress Address => listener.Address;

    /// <summary>Starts accepting.</summary>
    public void Start()
    {
        supervisor.Run($"listener {name}", AcceptAsync);
        supervisor.Run($"quiet connections of listener {name}", CloseQuietAsync);
    }

    /// <summary>What it has counted until now.</summary>
    public ConnectionCounts Counts()
    {
        lock (_gate)
        {
            ConnectionCounts counts = _counted;
            foreach (Connection connection in _open.Values)
            {
                counts += new ConnectionCounts(1, 0, 0, connection.BytesReceived, connection.BytesSent);
            }

            return counts;
        }
    }

    /// <summary>Closes the port and every connection.</summary>
    public void Stop()
    {
        listener.Dispose();
        lock (_gate)
        {
            _stopped = true;
        }

        foreach (Connection connection in Open())
        {
            connection.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (await listener.AcceptAsync() is { } accepted)
        {
            if (rules.Quota is { } quota && !quota.TryEnter(accepted.Peer))
            {
                accepted.Dispose();
                Count(new ConnectionCounts { Rejected = 1 });
                continue;
            }

            Count(new ConnectionCounts { Accepted = 1 });
            long id = _nextConnectionId++;
            FrameReader frames = new(accepted, buffers, rules.MaxFrameBytes, smallBuffers);
            Connection connection = new(accepted, frames, apis, new ConnectionContext(id, accepted.Peer, name), rules, warnings, nodeLog);
            if (!TryKeep(id, connection))
            {
                connection.Dispose();
                return;
            }

            supervisor.Run($"connection of {accepted.Peer}", () => ServeAsync(id, connection));
        }
    }

    private async Task ServeAsync(long id, Connection connection)
    {
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            rules.Quota?.Leave(connection.Peer);
            lock (_gate)
            {
                _open.Remove(id);
                _counted += new ConnectionCounts(0, 0, 0, connection.BytesReceived, connection.BytesSent);
            }
        }
    }

    private async Task CloseQuietAsync()
    {
        const int looksBeforeClosing = 4;
        TimeSpan shortest = rules.MaxIdle >= TimeSpan.Zero && rules.MaxIdle < rules.MaxStall ? rules.MaxIdle : rules.MaxStall;
        TimeSpan pause = shortest / looksBeforeClosing;
        pause =
            pause > LongestSweepPause ? LongestSweepPause
            : pause < ShortestSweepPause ? ShortestSweepPause
            : pause;
        while (await waiters.Delay(pause) != WaitOutcome.Closed)
        {
            foreach (Connection connection in Open())
            {
                connection.CloseIfQuiet(waiters.NowMs);
            }
        }
    }

    private void Count(in ConnectionCounts counts)
    {
        lock (_gate)
        {
            _counted += counts;
        }
    }

    private Connection[] Open()
    {
        lock (_gate)
        {
            return [.. _open.Values];
        }
    }

    private bool TryKeep(long id, Connection connection)
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                _open.Add(id, connection);
            }

            return !_stopped;
        }
    }
}
