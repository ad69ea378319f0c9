using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Network;

/// <summary>
/// One client's connection: reads a frame, runs the request, reads on. Requests run one after the other, as Kafka runs them, but for those
/// whose API overlaps (Produce): while one waits for its flush or its replicas the next is read and appended, so that a producer's
/// requests share a flush. Answers leave in the order of the requests.
/// </summary>
internal sealed class Connection(IConnection connection, FrameReader frames, ApiTable apis, ConnectionContext context, Journal journal) : IDisposable
{
    private readonly AnswerQueue _answers = new(connection);
    private long _activitySeen = -1;
    private long _idleSinceMs;

    /// <summary>The client's address.</summary>
    public NetworkAddress Peer => connection.Peer;

    /// <summary>
    /// Since when nothing has gone over the connection, as far as calls of this method have noticed; null while it is in use. A request that is being
    /// answered counts as use. For one caller alone.
    /// </summary>
    public long? IdleSince(long nowMs)
    {
        long activity = frames.BytesReceived + _answers.Sent;
        if (activity != _activitySeen || !_answers.IsEmpty)
        {
            _activitySeen = activity;
            _idleSinceMs = nowMs;
            return null;
        }

        return _idleSinceMs;
    }

    /// <summary>Closes it; what it serves ends.</summary>
    public void Dispose() => connection.Dispose();

    /// <summary>Serves until the client closes, breaks the protocol, or the connection is disposed.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_answers.Ended && (await frames.ReadAsync()).Frame is { } frame && await ServeAsync(frame))
            {
            }

            await _answers.WhenIdle();
        }
        finally
        {
            connection.Dispose();
            context.End();
        }

        if (_answers.Defect is InvariantException)
        {
            throw _answers.Defect;
        }

        if (_answers.Defect is not null)
        {
            journal.Error($"a request of {context.Peer} failed and its connection was closed: {_answers.Defect}");
        }
    }

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

    private async ValueTask<bool> ServeAsync(PooledBuffer frame, Memory<byte> bytes)
    {
        if (!TryReadHeader(bytes, out RequestHeader header, out int bodyStart))
        {
            return false;
        }

        if (!apis.TryFind(header.ApiKey, out Api? api))
        {
            journal.Warn($"{context.Peer} asked for {header.ApiKey} v{header.ApiVersion}, which listener {context.ListenerName} does not serve; connection closed");
            return false;
        }

        if (!api.Overlaps || _answers.IsFull)
        {
            await _answers.WhenIdle();
        }

        bool versionKnown = header.ApiVersion >= api.Lowest && header.ApiVersion <= api.Highest;
        if (!versionKnown && header.ApiKey != ApiKey.ApiVersions)
        {
            journal.Warn($"{context.Peer} asked for {header.ApiKey} v{header.ApiVersion}; served are {api.Lowest} to {api.Highest}; connection closed");
            return false;
        }

        RequestContext request = new(header.ApiKey, header.ApiVersion, header.ClientId ?? "", context, frame);
        ValueTask<WireWriter?> answer = versionKnown
            ? Start(api, bytes[bodyStart..], header, request)
            : ValueTask.FromResult<WireWriter?>(UnknownApiVersions(api, header));
        _answers.Add(new PendingAnswer(answer, request));
        if (!api.Overlaps)
        {
            await _answers.WhenIdle();
        }

        return !_answers.Ended;
    }

    private bool TryReadHeader(Memory<byte> frame, out RequestHeader header, out int bodyStart)
    {
        try
        {
            WireReader reader = new(frame);
            header = RequestHeader.Read(ref reader);
            bodyStart = reader.Position;
            return true;
        }
        catch (ProtocolException defect)
        {
            journal.Warn($"{context.Peer} sent no request header ({defect.Message}); connection closed");
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
            return api.AnswerAsync(ref reader, header, request);
        }
        catch (ProtocolException defect)
        {
            journal.Warn($"{context.Peer} sent a {header.ApiKey} v{header.ApiVersion} that cannot be read ({defect.Message}); connection closed");
            request.CloseConnection = true;
            return ValueTask.FromResult<WireWriter?>(null);
        }
        catch (Exception defect)
        {
            return ValueTask.FromException<WireWriter?>(defect);
        }
    }

    // KIP-511: the answer to an ApiVersions version that we do not know has the layout of version 0 and names only the range of ApiVersions.
    private static WireWriter UnknownApiVersions(Api api, RequestHeader header)
    {
        ApiVersionsResponse response = new() { ErrorCode = ErrorCode.UnsupportedVersion };
        response.ApiKeys.Add(new() { ApiKey = (short)api.Key, MinVersion = api.Lowest, MaxVersion = api.Highest });
        return AnswerFrame.Encode(response, header, bodyVersion: 0);
    }
}
