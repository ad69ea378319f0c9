using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>One direction of a connection.</summary>
internal sealed class SimPipe(SimNetwork network, SimHost from, SimHost to, SimConnection sender, SimConnection receiver)
{
    private const int MaxPieces = 3;

    private readonly Queue<Segment> _underWay = new();
    private readonly Queue<ReadOnlyMemory<byte>> _arrived = new();
    private TaskCompletionSource? _readable;
    private TaskCompletionSource? _writable;
    private long _lastArrival;
    private int _takenOfFirst;
    private int _unread;
    private bool _isPumping;
    private bool _writerClosed;
    private bool _readerClosed;
    private bool _endArrived;
    private bool _isReset;
    private long _sent;

    private enum SegmentKind
    {
        Data,
        End,
        Reset,
    }

    /// <summary>The bytes that were sent.</summary>
    internal long BytesSent => _sent;

    /// <summary>Sees the bytes when they leave the sender.</summary>
    internal Action<byte[]>? Tap { get; set; }

    /// <summary>Sees the bytes when the receiver takes them.</summary>
    internal RequestIntake? Intake { get; set; }

    /// <summary>True when the sender has ended its side, and the receiver's system knows it.</summary>
    internal bool HasEnded => _endArrived || _isReset;

    internal async ValueTask<int> ReceiveAsync(Memory<byte> target)
    {
        network.Scheduler.RequireOwnThread();
        while (true)
        {
            if (!receiver.Owner.IsAlive)
            {
                // The dead wait for ever.
                await new TaskCompletionSource().Task;
            }

            if (_readerClosed)
            {
                return 0;
            }

            if (_isReset)
            {
                return -1;
            }

            if (_arrived.Count > 0)
            {
                return target.Length == 0 ? 0 : Take(target.Span);
            }

            if (_endArrived)
            {
                return 0;
            }

            _readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await _readable.Task;
        }
    }

    internal async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        network.Scheduler.RequireOwnThread();
        if (!sender.Owner.IsAlive)
        {
            return true;
        }

        // Files are read as the peer takes them, as on the real network.
        var reader = new PieceReader(pieces);
        do
        {
            if (_writerClosed || _isReset)
            {
                return false;
            }

            Enqueue(reader.Next(network.Window));
            while (_unread > network.Window)
            {
                _writable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await _writable.Task;
                if (_writerClosed || _isReset)
                {
                    return false;
                }
            }
        } while (!reader.IsAtEnd);
        return true;
    }

    internal void CloseReader()
    {
        _readerClosed = true;
        Wake();
    }

    internal void SendEnd()
    {
        if (!_writerClosed && !_isReset)
        {
            _writerClosed = true;
            Send(new Segment(SegmentKind.End, default), TimeSpan.Zero);
            Wake();
        }
    }

    internal void SendReset()
    {
        if (!_isReset)
        {
            _writerClosed = true;
            if (network.Random.Chance(0.5))
            {
                // The other half of the time what was sent arrives, and is carried out, although the sender has given up.
                _underWay.Clear();
            }

            Send(new Segment(SegmentKind.Reset, default), network.DrawDelay(from, to));
            Wake();
        }
    }

    internal void BreakNow()
    {
        _isReset = true;
        _underWay.Clear();
        _arrived.Clear();
        _takenOfFirst = 0;
        Wake();
    }

    /// <summary>The sender's host has lost its power with all that it had not brought to the other side.</summary>
    internal void LoseAll()
    {
        _underWay.Clear();
        _writerClosed = true;
    }

    private void Enqueue(byte[] bytes)
    {
        network.Scheduler.Trace.Note(TraceKind.Sent, network.Scheduler.Now, from.Number, bytes.Length);
        network.Scheduler.Trace.Note(bytes);
        Tap?.Invoke(bytes);
        _unread += bytes.Length;
        _sent += bytes.Length;
        int pieces = 1 + network.Random.Next(MaxPieces);
        for (int at = 0; pieces > 0 && at < bytes.Length; pieces--)
        {
            int length = pieces == 1 ? bytes.Length - at : 1 + network.Random.Next(bytes.Length - at);
            Send(
                new Segment(SegmentKind.Data, bytes.AsMemory(at, length)),
                at == 0 || network.Random.Chance(0.1) ? network.DrawDelay(from, to) : TimeSpan.Zero
            );
            at += length;
        }
    }

    private void Send(Segment segment, TimeSpan delay)
    {
        _lastArrival = Math.Max(_lastArrival, network.Scheduler.Now + delay.Ticks);
        _underWay.Enqueue(segment with { ArrivesAt = _lastArrival });
        Pump();
    }

    private void Pump()
    {
        if (!_isPumping && _underWay.TryPeek(out Segment first))
        {
            _isPumping = true;
            network.Scheduler.After(TimeSpan.FromTicks(first.ArrivesAt - network.Scheduler.Now), Arrive);
        }
    }

    private void Arrive()
    {
        _isPumping = false;
        if (!_underWay.TryPeek(out Segment first))
        {
            return;
        }

        if (!network.IsOpen(from, to))
        {
            _isPumping = true;
            network.Scheduler.After(network.DrawRetransmission(from, to), Arrive);
            return;
        }

        if (first.ArrivesAt <= network.Scheduler.Now)
        {
            _underWay.Dequeue();
            Arrive(first);
        }

        Pump();
    }

    private void Arrive(Segment segment)
    {
        network.Scheduler.Trace.Note(TraceKind.Delivered, network.Scheduler.Now, to.Number, segment.Bytes.Length);
        switch (segment.Kind)
        {
            case SegmentKind.Reset:
                receiver.WasReset();
                break;
            case SegmentKind.End:
                _endArrived = true;
                break;
            default:
                if (_readerClosed)
                {
                    receiver.RespondWithReset();
                    return;
                }

                _arrived.Enqueue(segment.Bytes);
                break;
        }

        Wake();
    }

    private int Take(Span<byte> target)
    {
        ReadOnlySpan<byte> first = _arrived.Peek().Span[_takenOfFirst..];
        int taken = Math.Min(first.Length, target.Length);
        first[..taken].CopyTo(target);
        Intake?.Take(first[..taken]);
        _takenOfFirst += taken;
        if (taken == first.Length)
        {
            _arrived.Dequeue();
            _takenOfFirst = 0;
        }

        _unread -= taken;
        _writable?.TrySetResult();
        return taken;
    }

    private void Wake()
    {
        _readable?.TrySetResult();
        _writable?.TrySetResult();
    }

    private readonly record struct Segment(SegmentKind Kind, ReadOnlyMemory<byte> Bytes)
    {
        internal long ArrivesAt { get; init; }
    }
}
