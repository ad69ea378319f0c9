using RaftLog.Platform.Buffers;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Requests;

/// <summary>What a handler knows of a request besides its fields.</summary>
public sealed class RequestContext
{
    private readonly List<object> _kept = [];
    private PooledBuffer? _frame;
    private List<IDisposable>? _leases;
    private WireWriter? _response;

    /// <summary>A request.</summary>
    /// <param name="key">The API.</param>
    /// <param name="version">The version that request and response are written in.</param>
    /// <param name="clientId">The client's own name, empty when it gave none.</param>
    /// <param name="connection">The connection that it came over.</param>
    /// <param name="frame">The bytes that the request's fields refer to; null for a request of this node itself, whose bytes nobody
    /// reuses.</param>
    public RequestContext(ApiKey key, short version, string clientId, ConnectionContext connection, PooledBuffer? frame = null)
    {
        Connection = connection;
        ClientId = clientId;
        Principal = connection.Principal;
        Begin(key, version, clientId, frame);
    }

    /// <summary>The API.</summary>
    public ApiKey Key { get; private set; }

    /// <summary>The version that request and response are written in.</summary>
    public short Version { get; private set; }

    /// <summary>The client's own name, empty when it gave none.</summary>
    public string ClientId { get; private set; }

    /// <summary>The connection that it came over.</summary>
    public ConnectionContext Connection { get; }

    /// <summary>Who asks, as the connection was authenticated when the request came.</summary>
    public Principal Principal { get; private set; }

    /// <summary>True when a broker has passed the request on for its client, after it has judged what only a broker can.</summary>
    public bool IsForwarded { get; internal init; }

    /// <summary>Set by a handler that can tell the client nothing but by closing: a failed produce with acks=0.</summary>
    public bool CloseConnection { get; set; }

    /// <summary>
    /// How long the client is to be silent, in milliseconds: the response says so in the versions that can, leaves at once, and the
    /// connection is not read for as long (KIP-219), whatever the client makes of it. Set before the handler returns.
    /// </summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>True while the connection may take the context for a later request. A handler that made it hold much clears it.</summary>
    public bool IsReusable { get; set; }

    /// <summary>What counts the request; null for a request of this node itself.</summary>
    internal ApiCounters? Counters { get; set; }

    /// <summary>When its last byte had come, as a timestamp of the node's clock.</summary>
    internal long StartedAt { get; set; }

    /// <summary>How many error codes its response has.</summary>
    internal int Errors { get; set; }

    /// <summary>Where the response is written.</summary>
    internal WireWriter Response => _response ??= new WireWriter();

    /// <summary>Keeps something that the response refers to until the response has been sent.</summary>
    public void KeepUntilSent(IDisposable lease) => (_leases ??= []).Add(lease);

    /// <summary>
    /// Keeps the request's bytes valid until the lease is disposed. Without one they are valid until the handler first waits; a handler
    /// that reads them after that takes a lease before, and disposes it as soon as it has read them.
    /// </summary>
    public RequestLease LeaseBytes()
    {
        _frame?.Retain();
        return new RequestLease(_frame);
    }

    /// <summary>The context of a request that lies inside of this one (Envelope): same connection, same bytes.</summary>
    internal RequestContext Within(ApiKey innerKey, short innerVersion, string innerClientId) =>
        new(innerKey, innerVersion, innerClientId, Connection, _frame) { IsForwarded = true };

    /// <summary>
    /// What one kind of request needs while it is under way. Where the connection takes this context again the later request finds the same
    /// object, so that it needs no new memory.
    /// </summary>
    internal T Kept<T>()
        where T : class, new()
    {
        foreach (object each in _kept)
        {
            if (each is T known)
            {
                return known;
            }
        }

        T made = new();
        _kept.Add(made);
        return made;
    }

    /// <summary>Begins the next request of the connection with the same object; nothing of the last one is in use any more.</summary>
    internal void Begin(ApiKey key, short version, string clientId, PooledBuffer? frame)
    {
        Key = key;
        Version = version;
        ClientId = clientId;
        Principal = Connection.Principal;
        CloseConnection = false;
        ThrottleTimeMs = 0;
        Errors = 0;
        _frame = frame;
        _response?.Reset();
    }

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
