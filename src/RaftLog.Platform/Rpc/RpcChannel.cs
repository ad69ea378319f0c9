using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Platform.Rpc;

/// <summary>
/// Requests and responses over one connection, pipelined: any number of callers, answers in the order of the requests, one deadline
/// each. A lone caller sends on its own turn; what is queued while a send is under way goes out together. The channel ends as a whole, and
/// every call with it, when the connection ends or when a response is not one. A deadline ends its own call, and retires the channel: the
/// calls that wait behind it keep their own deadlines, new ones go elsewhere, and the connection ends with the last of them. A cancelled
/// call ends alone.
/// </summary>
public sealed class RpcChannel : IDisposable
{
    private const int CorrelationPosition = 8;
    private const int SpareWriters = 8;

    /// <summary>No quota asks for more; a peer that does is believed up to here.</summary>
    private const int LongestThrottleMs = 60_000;

    private readonly IConnection _connection;
    private readonly Waiters _waiters;
    private readonly RpcOptions _options;
    private readonly FrameReader _frames;
    private readonly AsyncSignal _more;
    private readonly Lock _lock = new();
    private readonly Queue<RpcCall> _unsent = new();
    private readonly Queue<RpcCall> _unanswered = new();
    private readonly Stack<WireWriter> _spare = new();

    // These belong to whoever holds _sending: the caller that found it free, or the send loop.
    private readonly List<RpcCall> _inSend = [];
    private readonly List<SendPiece> _pieces = [];
    private ValueTask<bool>? _handedOver;

    private bool _sending;
    private bool _ended;
    private bool _retired;
    private int _abandoned;
    private string _reason = "";
    private int _nextCorrelationId;
    private long _silentUntilMs;

    /// <summary>Opens a channel over an accepted connection, which belongs to the channel from now on.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="waiters">Where deadlines are kept.</param>
    /// <param name="pool">Where responses are received.</param>
    /// <param name="supervisor">Who watches the channel's two loops.</param>
    /// <param name="options">Name and bounds.</param>
    public RpcChannel(IConnection connection, Waiters waiters, BufferPool pool, Supervisor supervisor, RpcOptions options)
    {
        _connection = connection;
        _waiters = waiters;
        _options = options;
        _frames = new FrameReader(connection, pool, options.MaxFrameBytes);
        _more = new AsyncSignal(waiters);
        supervisor.Run($"receive from {connection.Peer}", ReceiveAsync);
        supervisor.Run($"send to {connection.Peer}", SendAsync);
    }

    /// <summary>The peer's address.</summary>
    public NetworkAddress Peer => _connection.Peer;

    /// <summary>What the peer speaks; empty before the handshake.</summary>
    public ApiVersionTable Versions { get; internal set; } = ApiVersionTable.Empty;

    /// <summary>False once the channel takes no more calls: it has ended, or one of its calls ran into its deadline.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return !_ended && !_retired;
            }
        }
    }

    /// <summary>True once the connection has ended. A retired channel ends with the last of its calls.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _ended;
            }
        }
    }

    /// <summary>
    /// Sends a request in the highest version that both sides speak, and waits for its response, whose bytes are the caller's to keep.
    /// </summary>
    /// <param name="request">The request. Record sets in it must not change until the call has ended.</param>
    /// <param name="timeout">How long to wait for the whole call.</param>
    /// <param name="highestVersion">Where to stop below that version.</param>
    /// <param name="cancel">Ends the call as <see cref="RpcOutcome.Cancelled"/>. The peer may do what was asked all the same.</param>
    /// <param name="here">
    /// True to go on inside the loop that receives, which saves waking a thread. What follows must be short: until it waits, this channel
    /// receives nothing.
    /// </param>
    /// <exception cref="ProtocolException">The request has a value that the version cannot carry.</exception>
    public ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(
        IRequest<TResponse> request,
        TimeSpan timeout,
        short highestVersion = short.MaxValue,
        CancellationToken cancel = default,
        bool here = false
    )
        where TResponse : class, IVersionedMessage, new() =>
        Versions.TryChoose(request.Api, highestVersion, out short version)
            ? ExchangeAsync(request, version, timeout, leased: false, cancel, here)
            : ValueTask.FromResult(Unsupported<TResponse>(request.Api, highestVersion));

    /// <summary>The same with an explicit version, for the handshake.</summary>
    /// <inheritdoc cref="CallAsync" path="/exception" />
    public ValueTask<RpcResult<TResponse>> CallVersionAsync<TResponse>(IRequest<TResponse> request, short version, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new() =>
        ExchangeAsync(request, version, timeout, leased: false, CancellationToken.None);

    /// <summary>As <see cref="CallAsync"/>, without copying the response: its bytes are leased until the result is disposed.</summary>
    /// <inheritdoc cref="CallAsync" path="/exception" />
    public ValueTask<RpcResult<TResponse>> CallLeasedAsync<TResponse>(
        IRequest<TResponse> request,
        TimeSpan timeout,
        short highestVersion = short.MaxValue,
        CancellationToken cancel = default
    )
        where TResponse : class, IVersionedMessage, new() =>
        Versions.TryChoose(request.Api, highestVersion, out short version)
            ? ExchangeAsync(request, version, timeout, leased: true, cancel)
            : ValueTask.FromResult(Unsupported<TResponse>(request.Api, highestVersion));

    /// <summary>
    /// Sends a request that the peer does not answer (Produce with acks=0). <see cref="RpcOutcome.Responded"/> means that its bytes have
    /// left this side; the result holds an empty response.
    /// </summary>
    /// <inheritdoc cref="CallAsync" path="/exception" />
    public async ValueTask<RpcResult<TResponse>> TellAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new()
    {
        if (!Versions.TryChoose(request.Api, short.MaxValue, out short version))
        {
            return Unsupported<TResponse>(request.Api, short.MaxValue);
        }

        RpcCall call = await FinishAsync(Encode(request, version, hasResponse: false), timeout, CancellationToken.None);
        return call.Outcome == RpcOutcome.Responded
            ? RpcResult<TResponse>.Responded(new TResponse())
            : RpcResult<TResponse>.Failed(call.Outcome, call.Reason);
    }

    /// <summary>Ends the channel: every call ends as <see cref="RpcOutcome.Disconnected"/>.</summary>
    public void Dispose() => End("the connection was closed by this side", null, RpcOutcome.Disconnected);

    private RpcResult<TResponse> Unsupported<TResponse>(ApiKey api, short highestVersion)
        where TResponse : class =>
        RpcResult<TResponse>.Failed(
            RpcOutcome.Unsupported,
            $"{Peer} {Versions.Describe(api)}; {ApiVersionTable.DescribeOwn(api, highestVersion)}"
        );

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RpcResult<TResponse>> ExchangeAsync<TResponse>(
        IRequest<TResponse> request,
        short version,
        TimeSpan timeout,
        bool leased,
        CancellationToken cancel,
        bool here = false
    )
        where TResponse : class, IVersionedMessage, new()
    {
        if (Volatile.Read(ref _silentUntilMs) - _waiters.NowMs is > 0 and var silenceMs)
        {
            TimeSpan silence = TimeSpan.FromMilliseconds(silenceMs);
            if (silence >= timeout || !await KeepSilentAsync(silence, cancel))
            {
                return RpcResult<TResponse>.Failed(
                    RpcOutcome.Busy,
                    $"{Peer} has asked this side to send nothing for {silenceMs} ms more, because of a quota"
                );
            }

            timeout -= silence;
        }

        RpcCall call = Encode(request, version, hasResponse: true);
        call.ContinuesHere = here;
        await FinishAsync(call, timeout, cancel);
        return call.Response is { } frame && call.Outcome == RpcOutcome.Responded
            ? Decode<TResponse>(call, frame, leased)
            : RpcResult<TResponse>.Failed(call.Outcome, call.Reason);
    }

    /// <summary>Waits out a quota's penalty (KIP-219); false when the caller gives up first, or this side is shutting down.</summary>
    private async ValueTask<bool> KeepSilentAsync(TimeSpan silence, CancellationToken cancel)
    {
        Wait wait = _waiters.Rent(silence);
        using (cancel.UnsafeRegister(static state => ((Wait)state!).TryComplete(WaitOutcome.Closed), wait))
        {
            return await wait.Outcome == WaitOutcome.Expired;
        }
    }

    /// <summary>Queues the call, sends it when nobody else is sending, and waits for its end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RpcCall> FinishAsync(RpcCall call, TimeSpan timeout, CancellationToken cancel)
    {
        if (!TryQueue(call, timeout, out bool mustSend))
        {
            return call;
        }

        using CancellationTokenRegistration registration = cancel.UnsafeRegister(
            static state => ((RpcCall)state!).Wait.TryComplete(WaitOutcome.Expired),
            call
        );

        if (mustSend)
        {
            await SendOrHandOverAsync();
        }

        switch (await call.Wait.Outcome)
        {
            case WaitOutcome.Expired:
                await (cancel.IsCancellationRequested ? CancelAsync(call, timeout) : ExpireAsync(call, timeout));
                break;
            case WaitOutcome.Closed:
                Mark(call, RpcOutcome.Disconnected, "this side is shutting down");
                break;
        }

        return call;
    }

    /// <summary>Sends what was taken, at once where the connection takes it all; else the send loop goes on with it.</summary>
    private async ValueTask SendOrHandOverAsync()
    {
        ValueTask<bool> send = _connection.SendAsync(_pieces);
        if (send.IsCompleted)
        {
            if (!Sent(await send))
            {
                return;
            }

            send = _connection.SendAsync(_pieces);
        }

        _handedOver = send;
        _more.Set();
    }

    private RpcCall Encode<TResponse>(IRequest<TResponse> request, short version, bool hasResponse)
        where TResponse : IVersionedMessage, new()
    {
        WireWriter writer = RentWriter();
        try
        {
            int length = writer.ReserveInt32();
            new RequestHeader(request.Api, version, 0, _options.ClientId).Write(writer);
            request.Write(writer, version);
            writer.PatchInt32(length, writer.Length - sizeof(int));
        }
        catch
        {
            ReturnWriter(writer);
            throw;
        }

        return new RpcCall(request.Api, version, hasResponse, writer);
    }

    private RpcResult<TResponse> Decode<TResponse>(RpcCall call, PooledBuffer frame, bool leased)
        where TResponse : class, IVersionedMessage, new()
    {
        Memory<byte> bytes = leased ? frame.Memory : frame.Span.ToArray();
        TResponse response = new();
        try
        {
            WireReader reader = new(bytes);
            ResponseHeader.Read(ref reader, call.Api, call.Version);
            response.Read(ref reader, VersionOfBody(call, bytes.Span[reader.Position..]));
        }
        catch (ProtocolException e)
        {
            frame.Release();
            string reason = $"{Peer} answered {call.Api} version {call.Version} with bytes that are no such response: {e.Message}";
            End(reason, null, RpcOutcome.Malformed);
            return RpcResult<TResponse>.Failed(RpcOutcome.Malformed, reason);
        }

        if (response is IThrottledMessage { ThrottleTimeMs: > 0 and var throttleMs })
        {
            Volatile.Write(ref _silentUntilMs, _waiters.NowMs + Math.Min(throttleMs, LongestThrottleMs));
        }

        if (leased)
        {
            return RpcResult<TResponse>.Responded(response, frame);
        }

        frame.Release();
        return RpcResult<TResponse>.Responded(response);
    }

    /// <summary>A peer that does not know the version of an ApiVersions request answers it in version 0 (KIP-511).</summary>
    private static short VersionOfBody(RpcCall call, ReadOnlySpan<byte> body) =>
        call.Api == ApiKey.ApiVersions
        && body.Length >= sizeof(short)
        && BinaryPrimitives.ReadInt16BigEndian(body) == (short)ErrorCode.UnsupportedVersion
            ? (short)0
            : call.Version;

    private bool TryQueue(RpcCall call, TimeSpan timeout, out bool mustSend)
    {
        mustSend = false;
        lock (_lock)
        {
            if (_ended || _retired)
            {
                call.Outcome = RpcOutcome.Disconnected;
                call.Reason = _reason;
            }
            else if (_unanswered.Count + _unsent.Count >= _options.MaxInFlight)
            {
                call.Outcome = RpcOutcome.Busy;
                call.Reason = $"{_options.MaxInFlight} requests to {Peer} wait for their responses";
            }
            else
            {
                call.CorrelationId = _nextCorrelationId;
                _nextCorrelationId = (_nextCorrelationId + 1) & int.MaxValue;
                call.Request.PatchInt32(CorrelationPosition, call.CorrelationId);
                call.Wait = _waiters.Rent(timeout);
                _unsent.Enqueue(call);
                if (call.HasResponse)
                {
                    _unanswered.Enqueue(call);
                }

                mustSend = !_sending;
                _sending = true;
                if (mustSend)
                {
                    TakeUnsent();
                }

                return true;
            }
        }

        ReturnWriter(call.Request);
        return false;
    }

    /// <summary>Moves everything that waits to be sent into one send. Under the lock.</summary>
    private void TakeUnsent()
    {
        while (_unsent.TryDequeue(out RpcCall? call))
        {
            call.IsSending = true;
            _inSend.Add(call);
            IReadOnlyList<ReadOnlyMemory<byte>> pieces = call.Request.Pieces;
            for (int i = 0; i < pieces.Count; i++)
            {
                _pieces.Add(pieces[i]);
            }
        }
    }

    /// <summary>Takes note of a send's end, and takes up the next; false when there is none, and the right to send is given back.</summary>
    private bool Sent(bool delivered)
    {
        if (!delivered)
        {
            End($"{Peer} closed the connection", null, RpcOutcome.Disconnected);
        }

        lock (_lock)
        {
            foreach (RpcCall call in _inSend)
            {
                call.IsSending = false;
                call.Request.Reset();
                if (_spare.Count < SpareWriters)
                {
                    _spare.Push(call.Request);
                }

                if (!call.HasResponse && !delivered)
                {
                    call.Outcome = RpcOutcome.Disconnected;
                    call.Reason = _reason;
                }

                if (!call.HasResponse || _ended || call.IsAbandoned)
                {
                    Complete(call);
                }
            }

            _inSend.Clear();
            _pieces.Clear();
            TakeUnsent();
            _sending = _inSend.Count > 0;
            if (_ended)
            {
                _more.Set();
            }

            return _sending;
        }
    }

    private async Task SendAsync()
    {
        while (await _more.WaitAsync() == WaitOutcome.Ready)
        {
            if (_handedOver is { } send)
            {
                _handedOver = null;
                while (Sent(await send))
                {
                    send = _connection.SendAsync(_pieces);
                }
            }

            lock (_lock)
            {
                if (_ended && !_sending)
                {
                    return;
                }
            }
        }
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            FrameRead read = await _frames.ReadAsync();
            switch (read.Status)
            {
                case FrameStatus.Complete when read.Frame is { } frame:
                    if (!Respond(frame))
                    {
                        return;
                    }

                    break;
                case FrameStatus.BadLength:
                    End(
                        $"{Peer} announced a response of {read.Length} bytes; 1 to {_options.MaxFrameBytes} are accepted",
                        null,
                        RpcOutcome.Malformed
                    );
                    return;
                case FrameStatus.NoMemory:
                    End($"there is no buffer for a response of {read.Length} bytes from {Peer}", null, RpcOutcome.Disconnected);
                    return;
                default:
                    End(
                        read.Status == FrameStatus.Closed ? $"{Peer} closed the connection" : $"the connection to {Peer} was reset",
                        null,
                        RpcOutcome.Disconnected
                    );
                    return;
            }
        }
    }

    /// <summary>Hands a frame to the call that it answers; false when it answers none, and the channel has ended.</summary>
    private bool Respond(PooledBuffer frame)
    {
        int correlationId = frame.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32BigEndian(frame.Span);
        RpcCall? call;
        bool isLast;
        lock (_lock)
        {
            if (_unanswered.TryPeek(out call) && call.CorrelationId == correlationId && !_ended)
            {
                _unanswered.Dequeue();
                call.Response = frame;
                _abandoned -= call.IsAbandoned ? 1 : 0;
            }
            else
            {
                call = null;
            }

            isLast = IsIdle;
        }

        if (call is null)
        {
            frame.Release();
            End($"{Peer} answered a request that was not next in line (correlation id {correlationId})", null, RpcOutcome.Malformed);
            return false;
        }

        // When the deadline or the cancellation was faster nobody will look at the frame any more.
        bool isAwaited =
            !call.IsAbandoned
            && (call.ContinuesHere ? call.Wait.TryCompleteHere(WaitOutcome.Ready) : call.Wait.TryComplete(WaitOutcome.Ready));
        if (!isAwaited)
        {
            frame.Release();
        }

        if (isLast)
        {
            End(_reason, null, RpcOutcome.TimedOut);
        }

        return true;
    }

    private async ValueTask ExpireAsync(RpcCall call, TimeSpan timeout)
    {
        string reason = $"{Peer} has not responded to {call.Api} within {timeout.TotalMilliseconds} ms";
        Wait released = default;
        bool isStuck;
        bool isLast;
        lock (_lock)
        {
            // What has not even left this side holds up everything behind it.
            isStuck = call.IsSending || _unsent.Contains(call);
            if (call.IsSending)
            {
                released = call.Released = _waiters.Rent(Timeout.InfiniteTimeSpan);
            }

            if (!isStuck && !_ended && call.Response is null)
            {
                _reason = _retired ? _reason : reason;
                _retired = true;
                Abandon(call);
            }

            isLast = IsIdle;
        }

        if (isStuck || isLast)
        {
            End(reason, call, RpcOutcome.TimedOut);
        }

        await released.Outcome;
        Mark(call, RpcOutcome.TimedOut, reason);
    }

    /// <summary>
    /// Gives up a call for its caller. Its request still goes out whole, since what stands behind it in the stream does too.
    /// </summary>
    private async ValueTask CancelAsync(RpcCall call, TimeSpan timeout)
    {
        string reason = $"the call of {call.Api} to {Peer} was cancelled";
        Wait released = default;
        lock (_lock)
        {
            if (!_ended)
            {
                Abandon(call);
                if (call.IsSending || _unsent.Contains(call))
                {
                    released = call.Released = _waiters.Rent(timeout);
                }
            }
        }

        if (await released.Outcome == WaitOutcome.Expired)
        {
            await ExpireAsync(call, timeout);
        }

        Mark(call, RpcOutcome.Cancelled, reason);
    }

    /// <summary>Nobody waits for the call's answer any more. Under the lock.</summary>
    private void Abandon(RpcCall call)
    {
        if (!call.IsAbandoned && call.HasResponse && call.Response is null)
        {
            call.IsAbandoned = true;
            _abandoned++;
        }
    }

    /// <summary>True for a retired channel when nobody waits for a response any more. Under the lock.</summary>
    private bool IsIdle => _retired && _unanswered.Count <= _abandoned;

    private void Mark(RpcCall call, RpcOutcome outcome, string reason)
    {
        lock (_lock)
        {
            call.Outcome = outcome;
            call.Reason = reason;
        }
    }

    /// <summary>Ends the channel and every call in it. The first reason stays.</summary>
    private void End(string reason, RpcCall? cause, RpcOutcome outcome)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            _reason = reason;
            foreach (RpcCall call in _unanswered)
            {
                Fail(call, cause, outcome, reason);
            }

            foreach (RpcCall call in _unsent)
            {
                Fail(call, cause, outcome, reason);
            }

            _unanswered.Clear();
            _unsent.Clear();
        }

        if (outcome == RpcOutcome.Disconnected)
        {
            _connection.Dispose();
        }
        else
        {
            _connection.Reset();
        }

        _more.Set();
    }

    private static void Fail(RpcCall call, RpcCall? cause, RpcOutcome outcome, string reason)
    {
        // A deadline is over for one call; for the others the connection has ended. One that was given up has its outcome.
        if (!call.IsAbandoned)
        {
            call.Outcome = cause is null || cause == call ? outcome : RpcOutcome.Disconnected;
            call.Reason = reason;
        }

        if (!call.IsSending)
        {
            Complete(call);
        }
    }

    private static void Complete(RpcCall call)
    {
        call.Wait.TryComplete(WaitOutcome.Ready);
        call.Released.TryComplete(WaitOutcome.Ready);
    }

    private WireWriter RentWriter()
    {
        lock (_lock)
        {
            return _spare.TryPop(out WireWriter? spare) ? spare : new WireWriter();
        }
    }

    private void ReturnWriter(WireWriter writer)
    {
        writer.Reset();
        lock (_lock)
        {
            if (_spare.Count < SpareWriters)
            {
                _spare.Push(writer);
            }
        }
    }
}
