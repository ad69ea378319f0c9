using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Testing.Faults;

/// <summary>
/// A connection that meets the faults of the nodes at its ends. The end that accepted it reads along where requests begin, so that a fault
/// can meet a request of one API.
/// </summary>
internal sealed class FaultyConnection : IConnection
{
    private const int LengthBytes = sizeof(int);
    private const int HeaderBytes = LengthBytes + sizeof(short);

    private readonly IConnection _inner;
    private readonly NodeFaults[] _faults;
    private readonly Waiters _waiters;
    private readonly NodeFaults? _requestFaults;
    private readonly byte[] _header = new byte[HeaderBytes];
    private int _inHeader;
    private long _leftOfFrame;
    private bool _losesResponse;

    /// <param name="inner">The connection.</param>
    /// <param name="faults">The faults of the nodes at its ends.</param>
    /// <param name="requestFaults">The faults of the node that accepted it; null at the other end.</param>
    /// <param name="waiters">Where delays are waited for.</param>
    public FaultyConnection(IConnection inner, NodeFaults[] faults, NodeFaults? requestFaults, Waiters waiters)
    {
        _inner = inner;
        _faults = faults;
        _requestFaults = requestFaults;
        _waiters = waiters;
        foreach (NodeFaults each in faults)
        {
            if (!each.TryAdd(this))
            {
                _inner.Reset();
            }
        }
    }

    public NetworkAddress Peer => _inner.Peer;

    public long BytesSent => _inner.BytesSent;

    public long BytesTaken => _inner.BytesTaken;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> target)
    {
        int received = await _inner.ReceiveAsync(target);
        if (received > 0 && _requestFaults is not null && MeetsFault(target.Span[..received]))
        {
            Reset();
            return -1;
        }

        return received;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        if (Volatile.Read(ref _losesResponse))
        {
            Reset();
            return false;
        }

        TimeSpan delay = TimeSpan.Zero;
        foreach (NodeFaults each in _faults)
        {
            delay += each.SendDelay;
        }

        if (delay > TimeSpan.Zero)
        {
            await _waiters.Delay(delay);
        }

        return await _inner.SendAsync(pieces);
    }

    public void Reset()
    {
        Forget();
        _inner.Reset();
    }

    public void Dispose()
    {
        Forget();
        _inner.Dispose();
    }

    private void Forget()
    {
        foreach (NodeFaults each in _faults)
        {
            each.Remove(this);
        }
    }

    /// <summary>Follows the frames; true when a request begins that must not arrive.</summary>
    private bool MeetsFault(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_leftOfFrame > 0)
            {
                int skipped = (int)Math.Min(_leftOfFrame, bytes.Length);
                _leftOfFrame -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            int taken = Math.Min(HeaderBytes - _inHeader, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_inHeader));
            _inHeader += taken;
            bytes = bytes[taken..];
            if (_inHeader < HeaderBytes)
            {
                return false;
            }

            _inHeader = 0;
            _leftOfFrame = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(_header) - sizeof(short));
            ApiKey api = (ApiKey)BinaryPrimitives.ReadInt16BigEndian(_header.AsSpan(LengthBytes));
            switch (_requestFaults?.TryTake(api)?.Fault)
            {
                case RequestFault.LoseRequest:
                    return true;
                case RequestFault.LoseResponse:
                    Volatile.Write(ref _losesResponse, true);
                    break;
            }
        }

        return false;
    }
}
