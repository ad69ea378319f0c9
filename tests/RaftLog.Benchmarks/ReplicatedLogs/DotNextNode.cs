using System.Buffers.Binary;
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>
/// One node of DotNext.Net.Cluster as a program: its Raft over TCP, its write-ahead log, and a port that takes commands. A command is a
/// length of four bytes, little-endian, and as many bytes; length 0 asks how much is committed. A response is eight bytes: what is
/// committed, or <see cref="NotCommitted"/>.
/// </summary>
internal static class DotNextNode
{
    /// <summary>The name of the command that this program runs a node with.</summary>
    public const string Name = "dotnext-node";

    /// <summary>The response of a node that does not lead, or that has lost its leadership before the command was committed.</summary>
    public const long NotCommitted = -1;

    private const int EntriesOfASnapshot = 1_000_000;

    /// <summary>Makes the command; it is for this program's own use.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> node = new("--node") { Required = true };
        Option<int[]> peers = new("--peers") { Required = true, AllowMultipleArgumentsPerToken = true };
        Option<int> port = new("--port") { Required = true };
        Option<string> data = new("--data") { Required = true };
        Option<WriteAheadLog.MemoryManagementStrategy> memory = new("--memory");
        System.CommandLine.Command command = new(Name) { node, peers, port, data, memory };
        command.Hidden = true;
        command.SetAction(
            (parsed, cancel) =>
                RunAsync(
                    parsed.GetValue(peers) ?? [],
                    parsed.GetValue(node),
                    parsed.GetValue(port),
                    parsed.GetValue(data)!,
                    parsed.GetValue(memory),
                    cancel
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        int[] peers,
        int node,
        int port,
        string data,
        WriteAheadLog.MemoryManagementStrategy memory,
        CancellationToken cancel
    )
    {
        RaftCluster.TcpConfiguration configuration = new(new IPEndPoint(IPAddress.Loopback, peers[node]))
        {
            ConfigurationStorage = new LoopbackMembers(peers),
        };
        await using WriteAheadLog log = new(
            new WriteAheadLog.Options { Location = data, MemoryManagement = memory },
            IStateMachine.CreateNoOp(EntriesOfASnapshot)
        );
        await log.InitializeAsync(cancel);
        await using RaftCluster cluster = new(configuration) { AuditTrail = log };
        await cluster.StartAsync(cancel);
        using TcpListener listener = new(IPAddress.Loopback, port);
        listener.Start();
        Console.WriteLine("ready");
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptSocketAsync(cancel), cluster, log);
            }
        }
        catch (OperationCanceledException)
        {
            await cluster.StopAsync(CancellationToken.None);
            return 0;
        }
    }

    private static async Task ServeAsync(Socket socket, RaftCluster cluster, WriteAheadLog log)
    {
        socket.NoDelay = true;
        await using NetworkStream stream = new(socket, ownsSocket: true);
        byte[] buffer = new byte[64 << 10];
        byte[] response = new byte[sizeof(long)];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(buffer.AsMemory(0, sizeof(int)));
                int length = BinaryPrimitives.ReadInt32LittleEndian(buffer);
                await stream.ReadExactlyAsync(buffer.AsMemory(0, length));
                bool isCommitted = length == 0 || await CommitAsync(cluster, buffer.AsMemory(0, length));
                BinaryPrimitives.WriteInt64LittleEndian(response, isCommitted ? log.LastCommittedEntryIndex : NotCommitted);
                await stream.WriteAsync(response);
            }
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }

    private static async ValueTask<bool> CommitAsync(RaftCluster cluster, ReadOnlyMemory<byte> command)
    {
        try
        {
            await cluster.ReplicateAsync(command);
            return true;
        }
        catch (InvalidOperationException)
        {
            // This node does not lead.
            return false;
        }
    }
}
