using System.Runtime.CompilerServices;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Network;

/// <summary>
/// One client's connection: reads a frame, runs the request, reads on. Requests run one after the other, as Kafka runs them, but for those
/// whose API overlaps (Produce): while one waits for its flush or its replicas the next is read and appended, so that a producer's
/// requests share a flush. Answers leave in the order of the requests.
/// </summary>
internal sealed class Connection(
    IConnection connection,
    FrameReader frames,
    ApiTable apis,
    ConnectionContext context,
    ConnectionRules rules,
    ClientWarnings warnings,
    NodeLog nodeLog
) : IDisposable
{
    private readonly ResponseQueue _responses = new(connection, rules.Waiters.Time);
    private ActivityClock _any = new();
    private ActivityClock _sending = new();
    private ActivityClock _receiving = new();
    private Task<bool>? _ahead;
    private string _clientId = "";

    /// <summary>The client's address.</summary>
    public NetworkAddress Peer => connection.Peer;

    /// <summary>All bytes that have come from the client.</summary>
    public long BytesReceived => frames.BytesReceived;

    /// <summary>All bytes that went to the client.</summary>
    public long BytesSent => connection.BytesSent;

    /// <summary>
    /// Closes it when nothing has gone over it for too long, or when the client lets half a response or half a request lie. A request that
    /// waits for its response is no activity. For one caller alone.
    /// </summary>
    public void CloseIfQuiet(long nowMs)
    {
        long sent = connection.BytesSent;
        long received = frames.BytesReceived;
        bool isSending = _responses.IsSending;
        long sendingMs = _sending.QuietMs(nowMs, isSending ? connection.BytesTaken : 0, isSending);
        long receivingMs = _receiving.QuietMs(nowMs, received, frames.IsMidFrame);
        long quietMs = _any.QuietMs(nowMs, sent + received);
        if (Math.Max(sendingMs, receivingMs) >= rules.MaxStall.TotalMilliseconds)
        {
            string what =
                sendingMs >= receivingMs
                    ? $"has taken nothing of its response for {sendingMs} ms"
                    : $"has sent nothing more of its request for {receivingMs} ms";
            warnings.Warn(
                ClientFault.Stalled,
                $"{context.Peer} {what}; connection closed (raftlog.connection.stall.timeout.ms = {rules.MaxStall.TotalMilliseconds:0})"
            );
            connection.Reset();
        }
        else if (rules.MaxIdle >= TimeSpan.Zero && quietMs >= rules.MaxIdle.TotalMilliseconds)
        {
            connection.Dispose();
        }
    }

    /// <summary>Closes it; what it serves ends.</summary>
    public void Dispose() => connection.Dispose();

    /// <summary>Serves until the client closes, breaks the protocol, or the connection is disposed.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_responses.Ended && await ReadAsync() is { } frame && await ServeAsync(frame)) { }

            context.End();
            await _responses.WhenIdle();
        }
        finally
        {
            connection.Dispose();
            context.End();
        }

        if (_responses.Lost is { } lost)
        {
            warnings.Warn(ClientFault.LostRecords, $"a response to {context.Peer} ends in its middle: {lost.Message}; connection closed");
        }

        if (_responses.Defect is InvariantException)
        {
            throw _responses.Defect;
        }

        if (_responses.Defect is not null)
        {
            nodeLog.Error($"a request of {context.Peer} failed and its connection was closed: {_responses.Defect}");
        }
    }

    /// <summary>The next request; null when there is none, which the node log tells unless the client has closed.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<PooledBuffer?> ReadAsync()
    {
        if (_ahead is { } ahead)
        {
            _ahead = null;
            await ahead;
        }

        await WhileSilentAsync();
        FrameRead read = await frames.ReadAsync();
        switch (read.Status)
        {
            case FrameStatus.BadLength:
                warnings.Warn(
                    ClientFault.BadLength,
                    read.Length <= 0
                        ? $"{context.Peer} sent a request of {read.Length} bytes, so it does not speak Kafka's protocol; connection closed"
                        : $"{context.Peer} sent a request of {read.Length} bytes, above socket.request.max.bytes = "
                            + $"{rules.MaxFrameBytes}, or it does not speak Kafka's protocol; connection closed"
                );
                break;
            case FrameStatus.NoMemory:
                warnings.Warn(
                    ClientFault.NoMemory,
                    $"no memory for a request of {read.Length} bytes from {context.Peer}: queued.max.request.bytes are in use; "
                        + $"connection closed"
                );
                break;
            default:
                break;
        }

        return read.Frame;
    }

    /// <summary>A client that was told to be silent is not read until its time is over (KIP-219).</summary>
    private ValueTask<WaitOutcome> WhileSilentAsync()
    {
        TimeProvider time = rules.Waiters.Time;
        long left = _responses.SilentUntil - time.GetTimestamp();
        return left <= 0 ? ValueTask.FromResult(WaitOutcome.Ready) : rules.Waiters.Delay(time.GetElapsedTime(0, left));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeAsync(PooledBuffer frame)
    {
        try
        {
            return await ServeAsync(frame, frame.Memory);
        }
        finally
        {
            frame.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeAsync(PooledBuffer frame, Memory<byte> bytes)
    {
        if (!TryReadHeader(bytes, out RequestHeader header, out int bodyStart))
        {
            return false;
        }

        if (!apis.TryFind(header.ApiKey, out Api? api))
        {
            warnings.Warn(
                ClientFault.NotServed,
                $"{context.Peer} asked for {header.ApiKey} v{header.ApiVersion}, which listener {context.ListenerName} does not serve; "
                    + $"connection closed"
            );
            return false;
        }

        if (!api.Overlaps || _responses.IsFull)
        {
            await _responses.WhenIdle();
        }

        bool versionKnown = header.ApiVersion >= api.Lowest && header.ApiVersion <= api.Highest;
        if (!versionKnown && header.ApiKey != ApiKey.ApiVersions)
        {
            warnings.Warn(
                ClientFault.NotServed,
                $"{context.Peer} asked for {header.ApiKey} v{header.ApiVersion}; served are {api.Lowest} to {api.Highest}; connection "
                    + $"closed"
            );
            return false;
        }

        // Only requests of such an API come so fast that making their contexts costs much, and their handlers keep none.
        RequestContext request = api.Overlaps
            ? context.RentRequest(header.ApiKey, header.ApiVersion, _clientId, frame)
            : new(header.ApiKey, header.ApiVersion, _clientId, context, frame);
        request.Counters = api.Counters;
        request.StartedAt = rules.Waiters.Time.GetTimestamp();
        ValueTask<WireWriter?> reply = versionKnown
            ? Start(api, bytes[bodyStart..], header, request)
            : ValueTask.FromResult<WireWriter?>(UnknownApiVersions(api, header));
        bool mustWait = !api.Overlaps && !reply.IsCompleted;
        _responses.Add(new PendingResponse(reply, request));
        if (mustWait)
        {
            _ahead = WatchPeerAsync();
        }

        if (!api.Overlaps)
        {
            await _responses.WhenIdle();
        }

        return !_responses.Ended;
    }

    /// <summary>
    /// While a request is answered nobody reads: this notices a client that goes away, so that what it asked for is not waited for any
    /// longer.
    /// </summary>
    private async Task<bool> WatchPeerAsync()
    {
        bool isThere = await frames.ReadAheadAsync();
        if (!isThere)
        {
            context.End();
        }

        return isThere;
    }

    private bool TryReadHeader(Memory<byte> frame, out RequestHeader header, out int bodyStart)
    {
        try
        {
            WireReader reader = new(frame);
            header = RequestHeader.Read(ref reader, _clientId);
            _clientId = header.ClientId ?? "";
            bodyStart = reader.Position;
            return true;
        }
        catch (ProtocolException defect)
        {
            warnings.Warn(ClientFault.Unreadable, $"{context.Peer} sent no request header ({defect.Message}); connection closed");
            header = default;
            bodyStart = 0;
            return false;
        }
    }

    private ValueTask<WireWriter?> Start(Api api, Memory<byte> body, RequestHeader header, RequestContext request)
    {
        try
        {
            WireReader reader = new(body);
            return api.RespondAsync(ref reader, header, request);
        }
        catch (ProtocolException defect)
        {
            warnings.Warn(
                ClientFault.Unreadable,
                $"{context.Peer} sent a {header.ApiKey} v{header.ApiVersion} that cannot be read ({defect.Message}); connection closed"
            );
            request.CloseConnection = true;
            return ValueTask.FromResult<WireWriter?>(null);
        }
        catch (Exception defect)
        {
            return ValueTask.FromException<WireWriter?>(defect);
        }
    }

    // KIP-511: the response to an ApiVersions version that we do not know has the layout of version 0 and names only the range of
    // ApiVersions.
    private static WireWriter UnknownApiVersions(Api api, RequestHeader header)
    {
        ApiVersionsResponse response = new() { ErrorCode = ErrorCode.UnsupportedVersion };
        response.ApiKeys.Add(
            new()
            {
                ApiKey = (short)api.Key,
                MinVersion = api.Lowest,
                MaxVersion = api.Highest,
            }
        );
        return ResponseFrame.Encode(response, header, bodyVersion: 0, new WireWriter());
    }
}
