using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RaftLog.Jepsen.Network;

/// <summary>Asks the system who holds which TCP socket: by <c>/proc/net/tcp</c> and the open files of the nodes' processes.</summary>
internal static class SocketTable
{
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>True when somebody listens on a loopback port: then, and only then, another socket that may share the address cannot be bound to it.</summary>
    public static bool IsListening(int port)
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

    /// <summary>Which of the processes holds the socket with these two ports; 0 when none of them does, and null when there is no such socket any more.</summary>
    public static int? FindOwner(int localPort, int remotePort, IEnumerable<int> pids)
    {
        foreach ((int local, int remote, string inode) in Rows())
        {
            if (local == localPort && remote == remotePort && inode != "0")
            {
                return pids.FirstOrDefault(pid => pid != 0 && Holds(pid, $"socket:[{inode}]"));
            }
        }

        return null;
    }

    private static IEnumerable<(int Local, int Remote, string Inode)> Rows()
    {
        foreach (string table in Tables.Where(File.Exists))
        {
            foreach (string line in File.ReadLines(table).Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                yield return (PortOf(fields[1]), PortOf(fields[2]), fields[9]);
            }
        }
    }

    private static int PortOf(string address) => int.Parse(address.AsSpan(address.LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool Holds(int pid, string socket)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{pid}/fd").Any(file => LinkOf(file) == socket);
        }
        catch (IOException)
        {
            // The process has ended meanwhile.
            return false;
        }
    }

    private static string? LinkOf(string file)
    {
        try
        {
            return new FileInfo(file).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
