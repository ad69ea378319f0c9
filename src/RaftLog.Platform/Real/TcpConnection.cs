using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RaftLog.Platform;

/// <summary>A connection of <see cref="TcpNetwork"/>: a bare socket. Receiving and sending allocate nothing in steady state.</summary>
internal sealed class TcpConnection : IConnection
{
    /// <summary>Pieces in one system call; Linux takes 1024.</summary>
    private const int MaxGather = 512;

    private readonly Socket _socket;
    private readonly List<ArraySegment<byte>> _pieces = [];
    private GatherSend? _gather;
    private int _ended;

    internal TcpConnection(Socket socket)
    {
        _socket = socket;
        IPEndPoint peer = (IPEndPoint)socket.RemoteEndPoint!;
        IPAddress ip = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
        Peer = new NetworkAddress(ip.ToString(), peer.Port);
    }

    public NetworkAddress Peer { get; }

    private bool Ended => Volatile.Read(ref _ended) != 0;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> target)
    {
        try
        {
            return await _socket.ReceiveAsync(target, SocketFlags.None);
        }
        catch (SocketException) when (!Ended)
        {
            return -1;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        try
        {
            int next = 0;
            while (next < pieces.Count)
            {
                next = Gather(pieces, next);
                if (_pieces.Count == 1)
                {
                    await SendOneAsync(_pieces[0]);
                }
                else if (_pieces.Count > 1)
                {
                    _gather ??= new GatherSend();
                    await _gather.SendAsync(_socket, _pieces);
                }
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Reset()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            End(static socket => socket.LingerState = new LingerOption(true, 0));
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            End(static socket => socket.Shutdown(SocketShutdown.Send));
        }
    }

    private void End(Action<Socket> last)
    {
        try
        {
            last(_socket);
        }
        catch (SocketException)
        {
            // The peer ended it first.
        }

        _socket.Dispose();
        _gather?.Dispose();
    }

    /// <summary>Fills <see cref="_pieces"/> for one system call; the index of the first piece that is not in it.</summary>
    private int Gather(IReadOnlyList<ReadOnlyMemory<byte>> pieces, int next)
    {
        _pieces.Clear();
        for (; next < pieces.Count && _pieces.Count < MaxGather; next++)
        {
            ReadOnlyMemory<byte> piece = pieces[next];
            if (piece.Length > 0)
            {
                _pieces.Add(MemoryMarshal.TryGetArray(piece, out ArraySegment<byte> segment) ? segment : piece.ToArray());
            }
        }

        return next;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendOneAsync(ReadOnlyMemory<byte> piece)
    {
        while (piece.Length > 0)
        {
            piece = piece[await _socket.SendAsync(piece, SocketFlags.None)..];
        }
    }
}
