using System.Net;
using System.Net.Sockets;

namespace RaftLog.Jepsen.Processes;

/// <summary>Loopback ports below the range from which the system takes ports for outgoing connections.</summary>
internal sealed class FreePorts
{
    private const int First = 12000;
    private const int Count = 8000;

    private int _next = Environment.ProcessId * 53 % Count;

    /// <summary>A port on which nobody listens now, and which this object has not given out before.</summary>
    public int Take()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            _next = (_next + 1) % Count;
            try
            {
                using TcpListener probe = new(IPAddress.Loopback, First + _next);
                probe.Start();
                return First + _next;
            }
            catch (SocketException)
            {
                // Taken: try the next one.
            }
        }

        throw new InvalidOperationException($"no free port from {First} to {First + Count}");
    }
}
