using System.Net;
using System.Net.Sockets;

namespace RaftLog.Benchmarks.Load;

/// <summary>
/// The least that an awaited request can take: so many bytes to another process over loopback TCP and a few back, with .NET's asynchronous
/// sockets and nothing else.
/// </summary>
internal static class PingPong
{
    /// <summary>What a Produce request of one record has around its value, about.</summary>
    public const int RequestOverhead = 180;

    /// <summary>The bytes of a Produce response of one partition, about.</summary>
    public const int ResponseBytes = 80;

    /// <summary>Answers one connection after the other, for ever.</summary>
    /// <param name="listener">Where they come; disposing it ends the task.</param>
    /// <param name="requestBytes">The bytes of a request.</param>
    public static async Task ServeAsync(Socket listener, int requestBytes)
    {
        byte[] request = new byte[requestBytes];
        byte[] response = new byte[ResponseBytes];
        try
        {
            while (true)
            {
                using Socket socket = await listener.AcceptAsync();
                socket.NoDelay = true;
                while (await TryFillAsync(socket, request))
                {
                    await socket.SendAsync(response);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The benchmark has ended.
        }
    }

    /// <summary>A listener on a free port of loopback.</summary>
    public static Socket Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    /// <summary>Connects to <see cref="ServeAsync"/>.</summary>
    public static async Task<Socket> ConnectAsync(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    /// <summary>One request and its response.</summary>
    public static async Task ExchangeAsync(Socket socket, byte[] request, byte[] response)
    {
        await socket.SendAsync(request);
        if (!await TryFillAsync(socket, response))
        {
            throw new InvalidOperationException("the other side has ended");
        }
    }

    private static async Task<bool> TryFillAsync(Socket socket, byte[] target)
    {
        for (int filled = 0; filled < target.Length; )
        {
            int received = await socket.ReceiveAsync(target.AsMemory(filled));
            if (received == 0)
            {
                return false;
            }

            filled += received;
        }

        return true;
    }
}
