using System.Net.Sockets;

namespace RaftLog.Platform;

/// <summary>Socket settings.</summary>
/// <param name="SendBufferBytes">Kafka's <c>socket.send.buffer.bytes</c>; -1 leaves it to the kernel, which then tunes it.</param>
/// <param name="ReceiveBufferBytes">Kafka's <c>socket.receive.buffer.bytes</c>; -1 leaves it to the kernel, which then tunes it.</param>
public sealed record TcpOptions(int SendBufferBytes = -1, int ReceiveBufferBytes = -1)
{
    /// <summary>
    /// Bytes that the kernel takes of a connection before the peer's window lets it send them. More does not make a peer that reads any
    /// faster; of hundreds that do not read it would use up the memory that all sockets share (<c>net.ipv4.tcp_mem</c>), and the kernel
    /// would then slow down those that do.
    /// </summary>
    private const int MostUnsentBytes = 1 << 20;

    private const int TcpLevel = 6;
    private const int NotSentLowWater = 25;
    private const int Info = 11;

    /// <summary>Where <c>tcpi_bytes_acked</c> of <c>struct tcp_info</c> stands, since Linux 4.1.</summary>
    private const int AcknowledgedAt = 120;

    internal void Apply(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                socket.SetRawSocketOption(TcpLevel, NotSentLowWater, BitConverter.GetBytes(MostUnsentBytes));
            }
            catch (SocketException)
            {
                // A system that emulates Linux may lack it. It saves memory, and nothing depends on it.
            }
        }

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

    /// <summary>The bytes that the peer's system has acknowledged; false where this system does not tell.</summary>
    internal static bool TryGetAcknowledged(Socket socket, out long bytes)
    {
        Span<byte> info = stackalloc byte[AcknowledgedAt + sizeof(long)];
        bool isTold = OperatingSystem.IsLinux() && socket.GetRawSocketOption(TcpLevel, Info, info) == info.Length;
        bytes = isTold ? BitConverter.ToInt64(info[AcknowledgedAt..]) : 0;
        return isTold;
    }
}
