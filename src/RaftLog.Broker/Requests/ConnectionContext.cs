using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Broker.Requests;

/// <summary>What is known of the connection that requests come over, and who is told when it ends. Safe for concurrent use.</summary>
/// <param name="connectionId">Unique in this node's life.</param>
/// <param name="peer">The client's address.</param>
/// <param name="listenerName">The name of the listener that accepted it.</param>
public sealed class ConnectionContext(long connectionId, NetworkAddress peer, string listenerName)
{
    /// <summary>Contexts of requests that are kept for later ones: as many as Kafka's producers have under way by default.</summary>
    private const int MaxSpareRequests = 5;

    private readonly Lock _gate = new();
    private readonly Stack<RequestContext> _spareRequests = [];
    private readonly List<(object Owner, Action Callback)> _onEnd = [];
    private volatile bool _ended;
    private volatile Principal _principal = Principal.Anonymous;
    private volatile ClientSoftware _software = ClientSoftware.Unknown;

    /// <summary>Unique in this node's life.</summary>
    public long ConnectionId { get; } = connectionId;

    /// <summary>The client's address.</summary>
    public NetworkAddress Peer { get; } = peer;

    /// <summary>The name of the listener that accepted it.</summary>
    public string ListenerName { get; } = listenerName;

    /// <summary>Who the client is; anonymous until it has authenticated.</summary>
    public Principal Principal
    {
        get => _principal;
        set => _principal = value;
    }

    /// <summary>What the client runs, as its ApiVersions request says (KIP-511).</summary>
    public ClientSoftware Software
    {
        get => _software;
        set => _software = value;
    }

    /// <summary>The batches of idempotent producers that the client was told to send again.</summary>
    public RejectedSequences Rejected { get; } = new();

    /// <summary>True once the client is gone: it has closed, or was disconnected. Nobody reads a response any more.</summary>
    public bool HasEnded => _ended;

    /// <summary>The context of a request, one that was used before if there is one. Give it back when its response has been sent.</summary>
    internal RequestContext RentRequest(ApiKey key, short version, string clientId, PooledBuffer? frame)
    {
        RequestContext? spare;
        lock (_gate)
        {
            _spareRequests.TryPop(out spare);
        }

        if (spare is null)
        {
            return new RequestContext(key, version, clientId, this, frame) { IsReusable = true };
        }

        spare.Begin(key, version, clientId, frame);
        return spare;
    }

    /// <summary>Takes a context back that nobody uses any more.</summary>
    internal void ReturnRequest(RequestContext request)
    {
        lock (_gate)
        {
            if (request.IsReusable && _spareRequests.Count < MaxSpareRequests)
            {
                _spareRequests.Push(request);
            }
        }
    }

    /// <summary>
    /// Calls back once when the connection has ended; at once when it has already. An owner has one callback: a later one takes the place
    /// of its earlier one. Callbacks run in the order of their owners' first registration and may not wait.
    /// </summary>
    public void WhenEnded(object owner, Action callback)
    {
        lock (_gate)
        {
            if (!_ended)
            {
                int known = IndexOf(owner);
                if (known < 0)
                {
                    _onEnd.Add((owner, callback));
                }
                else
                {
                    _onEnd[known] = (owner, callback);
                }

                return;
            }
        }

        callback();
    }

    /// <summary>An owner no longer wants to be called back. Its callback may be running now.</summary>
    public void Forget(object owner)
    {
        lock (_gate)
        {
            int known = IndexOf(owner);
            if (known >= 0)
            {
                _onEnd.RemoveAt(known);
            }
        }
    }

    /// <summary>The client is gone: calls everybody back, the first time.</summary>
    internal void End()
    {
        (object Owner, Action Callback)[] called;
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            called = [.. _onEnd];
            _onEnd.Clear();
        }

        foreach ((_, Action callback) in called)
        {
            callback();
        }
    }

    private int IndexOf(object owner) => _onEnd.FindIndex(each => ReferenceEquals(each.Owner, owner));
}

/// <summary>The library that a client is made with (KIP-511).</summary>
/// <param name="Name">Its name, such as <c>apache-kafka-java</c>.</param>
/// <param name="Version">Its version.</param>
public sealed record ClientSoftware(string Name, string Version)
{
    /// <summary>A client that has not said it. Kafka uses the same word.</summary>
    public static readonly ClientSoftware Unknown = new("unknown", "unknown");
}
