using System.Net;
using System.Net.Sockets;

namespace RaftLog.Jepsen.Network;

/// <summary>Looks whether somebody listens on a port, without connecting.</summary>
internal static class ListeningPort
{
    /// <summary>
    /// True when somebody listens on a loopback port: then, and only then, another socket that may share the address cannot be bound to it.
    /// </summary>
    public static bool IsOpen(int port)
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
