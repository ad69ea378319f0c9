using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Broker.Requests;

/// <summary>What a handler knows of a request besides its fields.</summary>
/// <param name="key">The API.</param>
/// <param name="version">The version that request and response are written in.</param>
/// <param name="clientId">The client's own name, empty when it gave none.</param>
/// <param name="connection">The connection that it came over.</param>
/// <param name="frame">The bytes that the request's fields refer to; null for a request of this node itself, whose bytes nobody reuses.</param>
public sealed class RequestContext(ApiKey key, short version, string clientId, ConnectionContext connection, PooledBuffer? frame = null)
{
    private List<IDisposable>? _leases;

    /// <summary>The API.</summary>
    public ApiKey Key { get; } = key;

    /// <summary>The version that request and response are written in.</summary>
    public short Version { get; } = version;

    /// <summary>The client's own name, empty when it gave none.</summary>
    public string ClientId { get; } = clientId;

    /// <summary>The connection that it came over.</summary>
    public ConnectionContext Connection { get; } = connection;

    /// <summary>Who asks, as the connection was authenticated when the request came.</summary>
    public Principal Principal { get; } = connection.Principal;

    /// <summary>Set by a handler that can tell the client nothing but by closing: a failed produce with acks=0.</summary>
    public bool CloseConnection { get; set; }

    /// <summary>Keeps something that the response refers to until the response has been sent.</summary>
    public void KeepUntilSent(IDisposable lease) => (_leases ??= []).Add(lease);

    /// <summary>
    /// Keeps the request's bytes valid until the lease is disposed. Without one they are valid until the handler first waits; a handler that
    /// reads them after that takes a lease before, and disposes it as soon as it has read them.
    /// </summary>
    public RequestLease LeaseBytes()
    {
        frame?.Retain();
        return new RequestLease(frame);
    }

    /// <summary>The context of a request that lies inside of this one (Envelope): same connection, same bytes.</summary>
    internal RequestContext Within(ApiKey innerKey, short innerVersion, string innerClientId) => new(innerKey, innerVersion, innerClientId, Connection, frame);

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

/// <summary>Keeps the bytes of one request valid. Dispose it once; copies share the one disposal.</summary>
public readonly struct RequestLease : IDisposable
{
    private readonly PooledBuffer? _frame;

    internal RequestLease(PooledBuffer? frame) => _frame = frame;

    /// <summary>Gives the bytes back.</summary>
    public void Dispose() => _frame?.Release();
}
