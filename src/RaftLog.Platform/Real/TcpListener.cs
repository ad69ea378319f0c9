using System.Net.Sockets;

namespace RaftLog.Platform;

/// <summary>An open port of <see cref="TcpNetwork"/>.</summary>
internal sealed class TcpListener(Socket socket, NetworkAddress address, TcpOptions options, TimeProvider time) : IListener
{
    private static readonly TimeSpan ExhaustedPause = TimeSpan.FromMilliseconds(100);

    private volatile bool _disposed;

    public NetworkAddress Address => address;

    public async ValueTask<IConnection?> AcceptAsync()
    {
        while (!_disposed)
        {
            try
            {
                return Connection(await socket.AcceptAsync());
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e)
                when (!_disposed && e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // The peer waits in the backlog. Without a pause this loop would spin until a descriptor is free.
                await Task.Delay(ExhaustedPause, time);
            }
            catch (SocketException)
            {
                // The peer was gone before it was accepted, or the listener was disposed.
            }
        }

        return null;
    }

    private TcpConnection Connection(Socket accepted)
    {
        try
        {
            options.Apply(accepted);
            accepted.NoDelay = true;
            return new TcpConnection(accepted);
        }
        catch (SocketException)
        {
            // A peer that is gone already keeps no descriptor until the next collection.
            accepted.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        socket.Dispose();
    }
}
