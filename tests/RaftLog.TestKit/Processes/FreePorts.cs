using System.Net;
using System.Net.Sockets;

namespace RaftLog.TestKit;

/// <summary>Loopback ports for nodes, below the range from which the system takes ports for outgoing connections.</summary>
public static class FreePorts
{
    private const int First = 20000;
    private const int Count = 12000;

    private static int _next = Environment.ProcessId * 37 % Count;

    /// <summary>A port on which nobody listens now, and which this process does not give out again soon.</summary>
    public static int Take()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            try
            {
                using TcpListener probe = new(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException) { }
        }

        throw new InvalidOperationException($"no free port from {First} to {First + Count}");
    }

    /// <summary>The first of two neighbouring ports on which nobody listens now.</summary>
    public static int TakePair()
    {
        while (true)
        {
            int first = Take();
            if (Take() == first + 1)
            {
                return first;
            }
        }
    }
}
