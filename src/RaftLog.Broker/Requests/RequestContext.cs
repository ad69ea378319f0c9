using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Requests;

/// <summary>What a handler knows of a request besides its fields.</summary>
/// <param name="key">The API.</param>
/// <param name="version">The version that request and answer are written in.</param>
/// <param name="clientId">The client's own name, empty when it gave none.</param>
/// <param name="origin">The connection that it came over.</param>
public sealed class RequestContext(ApiKey key, short version, string clientId, RequestOrigin origin)
{
    private List<IDisposable>? _leases;

    /// <summary>The API.</summary>
    public ApiKey Key { get; } = key;

    /// <summary>The version that request and answer are written in.</summary>
    public short Version { get; } = version;

    /// <summary>The client's own name, empty when it gave none.</summary>
    public string ClientId { get; } = clientId;

    /// <summary>The connection that it came over.</summary>
    public RequestOrigin Origin { get; } = origin;

    /// <summary>Set by a handler that can tell the client nothing but by closing: a failed produce with acks=0.</summary>
    public bool CloseConnection { get; set; }

    /// <summary>Keeps a buffer that the answer refers to until the answer has been sent.</summary>
    public void KeepUntilSent(IDisposable lease) => (_leases ??= []).Add(lease);

    internal void ReleaseLeases()
    {
        if (_leases is null)
        {
            return;
        }

        foreach (IDisposable lease in _leases)
        {
            lease.Dispose();
        }

        _leases = null;
    }
}

/// <summary>The connection that a request came over.</summary>
/// <param name="connectionId">Unique in this node's life.</param>
/// <param name="peer">The client's address.</param>
/// <param name="listenerName">The name of the listener that accepted it.</param>
public sealed class RequestOrigin(long connectionId, NetworkAddress peer, string listenerName)
{
    /// <summary>Unique in this node's life.</summary>
    public long ConnectionId { get; } = connectionId;

    /// <summary>The client's address.</summary>
    public NetworkAddress Peer { get; } = peer;

    /// <summary>The name of the listener that accepted it.</summary>
    public string ListenerName { get; } = listenerName;

    /// <summary>Called once when the connection has ended; set by a handler that ties something to the connection's life.</summary>
    public Action? Ended { get; set; }
}
