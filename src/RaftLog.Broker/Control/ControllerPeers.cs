using RaftLog.Broker.Cluster;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Control;

/// <summary>
/// Who leads the quorum as this node knows it, and the connections over which a broker speaks to controllers. They are apart from the
/// quorum's own connections, so that a slow decision holds back no vote.
/// </summary>
internal sealed class ControllerPeers : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<NodeId, PeerLink> _links = [];
    private readonly List<Wait> _waiting = [];
    private readonly Waiters _waiters;
    private NodeId _leader = NodeId.None;
    private long _changes;

    public ControllerPeers(
        RpcConnector connector,
        IReadOnlyDictionary<NodeId, NetworkAddress> voters,
        TimeSpan connectTimeout,
        Waiters waiters
    )
    {
        _waiters = waiters;
        foreach ((NodeId node, NetworkAddress address) in voters)
        {
            _links.Add(node, new PeerLink(connector, address, connectTimeout));
        }
    }

    /// <summary>The quorum's leader, or none.</summary>
    public NodeId Leader
    {
        get
        {
            lock (_gate)
            {
                return _leader;
            }
        }
    }

    /// <summary>The connection to a voter; null for a node that is none.</summary>
    public PeerLink? Find(NodeId node) => _links.GetValueOrDefault(node);

    /// <summary>How often another node has led, or this node has become the active controller: a place to wait from.</summary>
    public long Changes
    {
        get
        {
            lock (_gate)
            {
                return _changes;
            }
        }
    }

    /// <summary>Another node leads, or none.</summary>
    public void LeaderChanged(NodeId leader)
    {
        lock (_gate)
        {
            _leader = leader;
            Changed();
        }
    }

    /// <summary>This node leads, and has read all that earlier leaders committed: from now on it decides.</summary>
    public void ControllerActivated()
    {
        lock (_gate)
        {
            Changed();
        }
    }

    /// <summary>Waits until something has changed since, at most for a time.</summary>
    /// <param name="seen">The <see cref="Changes"/> that are known.</param>
    /// <param name="timeout">The longest wait.</param>
    public ValueTask<WaitOutcome> WhenChangedAsync(long seen, TimeSpan timeout)
    {
        lock (_gate)
        {
            if (_changes != seen)
            {
                return ValueTask.FromResult(WaitOutcome.Ready);
            }

            _waiting.RemoveAll(each => !each.IsPending);
            Wait wait = _waiters.Rent(timeout);
            _waiting.Add(wait);
            return wait.Outcome;
        }
    }

    private void Changed()
    {
        _changes++;
        foreach (Wait wait in _waiting)
        {
            wait.TryComplete(WaitOutcome.Ready);
        }

        _waiting.Clear();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (PeerLink link in _links.Values)
        {
            link.Dispose();
        }
    }
}
