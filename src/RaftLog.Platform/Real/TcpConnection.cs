using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RaftLog.Platform;

/// <summary>A connection of <see cref="TcpNetwork"/>: a bare socket. Receiving and sending allocate nothing in steady state.</summary>
internal sealed class TcpConnection : IConnection
{
    private readonly Socket _socket;
    private readonly TcpSender _sender;
    private int _ended;

    internal TcpConnection(Socket socket)
    {
        _socket = socket;
        _sender = new TcpSender(socket);
        socket.Blocking = false;
        IPEndPoint peer = (IPEndPoint)socket.RemoteEndPoint!;
        IPAddress ip = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
        Peer = new NetworkAddress(ip.ToString(), peer.Port);
    }

    public NetworkAddress Peer { get; }

    public long BytesSent => _sender.BytesSent;

    public long BytesTaken
    {
        get
        {
            try
            {
                return TcpOptions.TryGetAcknowledged(_socket, out long acknowledged) ? acknowledged : BytesSent;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return BytesSent;
            }
        }
    }

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
    public async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        try
        {
            await _sender.SendAsync(pieces);
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
        _sender.Dispose();
    }
}
