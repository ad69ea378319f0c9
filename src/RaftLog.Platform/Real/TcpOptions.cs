using System.Net.Sockets;

namespace RaftLog.Platform;

/// <summary>Socket settings.</summary>
/// <param name="SendBufferBytes">Kafka's <c>socket.send.buffer.bytes</c>; -1 leaves it to the kernel, which then tunes it.</param>
/// <param name="ReceiveBufferBytes">Kafka's <c>socket.receive.buffer.bytes</c>; -1 leaves it to the kernel, which then tunes it.</param>
public sealed record TcpOptions(int SendBufferBytes = -1, int ReceiveBufferBytes = -1)
{
    internal void Apply(Socket socket)
    {
        // As Kafka does: a peer whose machine is gone is noticed at last, even by a side that only waits.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        if (SendBufferBytes > 0)
        {
            socket.SendBufferSize = SendBufferBytes;
        }

        if (ReceiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = ReceiveBufferBytes;
        }
    }
}
