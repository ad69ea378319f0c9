using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>
/// What the active controller knows of brokers from their heartbeats and connections: no record says it, and a new controller begins
/// without it. One entry per registered broker.
/// </summary>
internal sealed partial class BrokerSessions(long timeoutMs)
{
    private readonly SortedDictionary<NodeId, Session> _sessions = [];
    private readonly SortedDictionary<NodeId, long> _fastFences = [];
    private readonly SortedDictionary<NodeId, BrokerEpoch> _wantedProbes = [];
    private readonly SortedDictionary<NodeId, BrokerEpoch> _runningProbes = [];

    /// <summary>
    /// A new controller has heard nobody yet: each unfenced broker gets a session from now on, and a probe that tells at once whether its
    /// process is there.
    /// </summary>
    public void Begin(MetadataImage image, long nowMs)
    {
        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            if (!broker.Fenced)
            {
                _sessions[broker.Id] = new Session(broker.Epoch, nowMs, Offset.None, null);
                _wantedProbes[broker.Id] = broker.Epoch;
            }
        }

        SeededBugBeginsNoSessions();
    }

    partial void SeededBugBeginsNoSessions();

    /// <summary>A heartbeat came: the broker lives, and a probe of it would tell less.</summary>
    public void Heard(BrokerRegistration broker, Offset metadataOffset, long nowMs)
    {
        Offset? shutdown = Of(broker)?.ShutdownOffset;
        _sessions[broker.Id] = new Session(broker.Epoch, nowMs, metadataOffset, shutdown);
        _wantedProbes.Remove(broker.Id);
        _runningProbes.Remove(broker.Id);
    }

    /// <summary>Ends the session of an earlier incarnation, or of a broker that left.</summary>
    public void End(NodeId broker)
    {
        _sessions.Remove(broker);
        _wantedProbes.Remove(broker);
        _runningProbes.Remove(broker);
    }

    /// <summary>True while the broker's incarnation counts as alive.</summary>
    public bool IsLive(BrokerRegistration broker, long nowMs) => Of(broker) is { } session && nowMs - session.LastHeardMs < timeoutMs;

    /// <summary>When the broker's session runs out; at once for one that nobody heard.</summary>
    public long ExpiresMs(BrokerRegistration broker)
    {
        long lastsMs = timeoutMs;
        SeededBugLastsLonger(ref lastsMs);
        return Of(broker) is { } session ? session.LastHeardMs + lastsMs : long.MinValue;
    }

    static partial void SeededBugLastsLonger(ref long lastsMs);

    /// <summary>Up to where the broker had replayed the metadata log at its last heartbeat.</summary>
    public Offset MetadataOffset(BrokerRegistration broker) => Of(broker)?.MetadataOffset ?? Offset.None;

    /// <summary>The offset that active brokers must have replayed before a broker in controlled shutdown may stop; set once.</summary>
    public Offset ShutdownOffset(BrokerRegistration broker, Offset ifUnset)
    {
        Session session = Of(broker) ?? new Session(broker.Epoch, long.MinValue, Offset.None, null);
        Offset offset = session.ShutdownOffset ?? ifUnset;
        _sessions[broker.Id] = session with { ShutdownOffset = offset };
        return offset;
    }

    /// <summary>A broker's connection ended: worth asking whether its process is gone, once in a session timeout.</summary>
    public void WantProbe(BrokerRegistration broker, long nowMs)
    {
        if (MayFastFence(broker.Id, nowMs))
        {
            _wantedProbes[broker.Id] = broker.Epoch;
        }
    }

    /// <summary>The brokers to probe now; each is named once.</summary>
    public IReadOnlyList<KeyValuePair<NodeId, BrokerEpoch>> TakeProbes()
    {
        List<KeyValuePair<NodeId, BrokerEpoch>> probes = [.. _wantedProbes];
        foreach ((NodeId broker, BrokerEpoch epoch) in probes)
        {
            _runningProbes[broker] = epoch;
        }

        _wantedProbes.Clear();
        return probes;
    }

    /// <summary>A probe has ended; true when it was asked for, in this epoch, and nothing was heard of the broker since.</summary>
    public bool EndProbe(NodeId broker, BrokerEpoch epoch) =>
        _runningProbes.TryGetValue(broker, out BrokerEpoch running) && running == epoch && _runningProbes.Remove(broker);

    /// <summary>
    /// True when the broker was not fenced on evidence within a session timeout: a crash loop must not churn the cluster.
    /// </summary>
    public bool MayFastFence(NodeId broker, long nowMs) => !_fastFences.TryGetValue(broker, out long last) || nowMs - last >= timeoutMs;

    /// <summary>Notes a fence on evidence.</summary>
    public void FastFenced(NodeId broker, long nowMs) => _fastFences[broker] = nowMs;

    private Session? Of(BrokerRegistration broker) =>
        _sessions.TryGetValue(broker.Id, out Session? session) && session.Epoch == broker.Epoch ? session : null;

    private sealed record Session(BrokerEpoch Epoch, long LastHeardMs, Offset MetadataOffset, Offset? ShutdownOffset);
}
