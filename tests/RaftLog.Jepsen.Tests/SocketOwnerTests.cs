using System.Net;
using System.Net.Sockets;
using RaftLog.Jepsen.Network;

namespace RaftLog.Jepsen.Tests;

/// <summary>Whose connection it is, also when the process has other files open, and when a number was a file's before.</summary>
public sealed class SocketOwnerTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _file = Path.GetTempFileName();

    public SocketOwnerTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public void A_socket_is_found_also_under_the_number_of_a_file_that_was_closed()
    {
        List<FileStream> files =
        [
            .. Enumerable.Range(0, 20).Select(_ => File.Open(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)),
        ];
        using TcpClient before = Connect();
        Assert.Equal(Environment.ProcessId, OwnerOf(before));

        files.ForEach(file => file.Dispose());
        List<TcpClient> after = [.. Enumerable.Range(0, 10).Select(_ => Connect())];
        Assert.All(after, client => Assert.Equal(Environment.ProcessId, OwnerOf(client)));
        after.ForEach(client => client.Dispose());
    }

    [Fact]
    public void A_socket_of_nobody_who_is_asked_is_anothers()
    {
        using TcpClient client = Connect();

        Assert.Equal(0, SocketOwner.Find(PortOf(client), Port, [1]));
    }

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private int? OwnerOf(TcpClient client) => SocketOwner.Find(PortOf(client), Port, [Environment.ProcessId]);

    private static int PortOf(TcpClient client) => ((IPEndPoint)client.Client.LocalEndPoint!).Port;

    private TcpClient Connect()
    {
        TcpClient client = new();
        client.Connect(IPAddress.Loopback, Port);
        return client;
    }
}
