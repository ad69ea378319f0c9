using System.Runtime.CompilerServices;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Network;

/// <summary>
/// Sends a connection's answers in the order of its requests, whatever order they become ready in. Whoever adds a response while nobody
/// writes becomes the writer; a writer takes every response that is ready and sends them in one call, so that a group of produces released
/// by one flush leaves together.
/// </summary>
internal sealed partial class ResponseQueue(IConnection connection, TimeProvider time)
{
    /// <summary>
    /// Requests of one connection that may wait for responses; at the bound the connection is not read until they have left.
    /// </summary>
    public const int MaxPending = 128;

    private const int MaxPiecesPerSend = 256;

    private readonly Lock _gate = new();
    private readonly Queue<PendingResponse> _queue = new();
    private readonly List<SendPiece> _pieces = [];
    private readonly List<PendingResponse> _sending = [];
    private long _silentUntil;
    private bool _writing;
    private volatile bool _isSending;
    private ValueTask _writer;

    /// <summary>True once a response could not be sent or a handler asked for the end; then the connection is over.</summary>
    public bool Ended { get; private set; }

    /// <summary>What ended it when that was a defect of ours: an exception that no handler may throw.</summary>
    public Exception? Defect { get; private set; }

    /// <summary>What of a response could not be read from its file, so that the connection ended in its middle.</summary>
    public Exception? Lost { get; private set; }

    /// <summary>
    /// Until when the client was told to be silent, as a timestamp of the node's clock; 0 for never. May be read from any thread.
    /// </summary>
    public long SilentUntil => Volatile.Read(ref _silentUntil);

    /// <summary>True while a response is being sent, so the client should take bytes. May be read from any thread.</summary>
    public bool IsSending => _isSending;

    /// <summary>True when no more answers may be added until <see cref="WhenIdle"/>.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count >= MaxPending;
            }
        }
    }

    /// <summary>Adds the next request's answer. Called by the connection's reader alone.</summary>
    public void Add(PendingResponse response)
    {
        lock (_gate)
        {
            _queue.Enqueue(response);
            if (_writing)
            {
                return;
            }

            _writing = true;
        }

        if (_writer.IsCompleted)
        {
            // Who asks for its end gives its memory to the next writer.
            _writer.GetAwaiter().GetResult();
        }

        _writer = WriteAsync();
    }

    /// <summary>Ends when every response added so far has been sent. Called by the connection's reader alone.</summary>
    public ValueTask WhenIdle()
    {
        ValueTask writer = _writer;
        _writer = default;
        return writer;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync()
    {
        while (TakeNext(out PendingResponse response))
        {
            await CollectAsync(response);
            while (_pieces.Count < MaxPiecesPerSend && TakeReady(out response))
            {
                await CollectAsync(response);
            }

            if (_pieces.Count > 0 && !Ended)
            {
                Ended = !await SendAsync();
            }

            Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendAsync()
    {
        _isSending = true;
        try
        {
            return await connection.SendAsync(_pieces);
        }
        catch (Exception lost) when (lost is FileRangeException or DiskException)
        {
            // The length of the response is said already, so all that is left is to end it.
            Lost = lost;
            connection.Reset();
            return false;
        }
        finally
        {
            _isSending = false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CollectAsync(PendingResponse response)
    {
        _sending.Add(response);
        try
        {
            WireWriter? frame = await response.Frame;
            response.Context.Errors = frame?.Errors ?? 0;
            if (frame is not null && !Ended)
            {
                ResponseFrame.AddPieces(frame, _pieces);
            }
        }
        catch (Exception defect)
        {
            Defect ??= defect;
            Ended = true;
        }

        if (response.Context.CloseConnection)
        {
            Ended = true;
        }

        if (Ended)
        {
            connection.Dispose();
        }
    }

    private void Release()
    {
        long now = time.GetTimestamp();
        foreach (PendingResponse sent in _sending)
        {
            RequestContext request = sent.Context;
            if (request.ThrottleTimeMs > 0)
            {
                Volatile.Write(ref _silentUntil, Math.Max(_silentUntil, now + (request.ThrottleTimeMs * time.TimestampFrequency / 1_000)));
            }

            request.Counters?.Ended(now - request.StartedAt, request.Errors);
            request.ReleaseLeases();
            request.Connection.ReturnRequest(request);
        }

        _sending.Clear();
        _pieces.Clear();
    }

    private bool TakeNext(out PendingResponse response)
    {
        lock (_gate)
        {
            SeededBugSendsReadyFirst();
            if (_queue.TryDequeue(out response))
            {
                return true;
            }

            _writing = false;
            return false;
        }
    }

    partial void SeededBugSendsReadyFirst();

    private bool TakeReady(out PendingResponse response)
    {
        lock (_gate)
        {
            return _queue.TryPeek(out response) && response.Frame.IsCompleted && _queue.TryDequeue(out response);
        }
    }
}
