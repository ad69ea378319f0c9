using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>Three processes of <see cref="DotNextNode"/>.</summary>
internal sealed class DotNextLog : IReplicatedLog
{
    private const int Nodes = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly string _directory;
    private readonly int _entryBytes;
    private readonly WriteAheadLog.MemoryManagementStrategy _memory;
    private readonly int[] _peers = [.. Enumerable.Range(0, Nodes).Select(static _ => FreePorts.Take())];
    private readonly int[] _ports = [.. Enumerable.Range(0, Nodes).Select(static _ => FreePorts.Take())];
    private Process[] _processes = [];

    private DotNextLog(string directory, int entryBytes, WriteAheadLog.MemoryManagementStrategy memory) =>
        (_directory, _entryBytes, _memory) = (directory, entryBytes, memory);

    /// <inheritdoc/>
    public IReadOnlyList<int> ProcessIds => [.. _processes.Select(static each => each.Id)];

    /// <summary>Starts three nodes over new directories, and waits until they listen.</summary>
    public static async Task<IReplicatedLog> StartAsync(string directory, int entryBytes, WriteAheadLog.MemoryManagementStrategy memory)
    {
        DotNextLog log = new(directory, entryBytes, memory);
        await log.StartAgainAsync();
        return log;
    }

    /// <inheritdoc/>
    public async Task StartAgainAsync()
    {
        _processes = [.. Enumerable.Range(0, Nodes).Select(Start)];
        foreach (Process process in _processes)
        {
            if (await process.StandardOutput.ReadLineAsync() is not "ready")
            {
                throw new InvalidOperationException(
                    $"a node of DotNext ended while it started: {await process.StandardError.ReadToEndAsync()}"
                );
            }
        }
    }

    /// <inheritdoc/>
    public async Task<int> FindLeaderAsync()
    {
        while (true)
        {
            for (int node = 0; node < Nodes; node++)
            {
                using IEntryConnection connection = await ConnectAsync(node);
                if (await connection.CommitAsync())
                {
                    return node;
                }
            }

            await Task.Delay(Pause);
        }
    }

    /// <inheritdoc/>
    public async Task<IEntryConnection> ConnectAsync(int node)
    {
        TcpClient client = new() { NoDelay = true };
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _ports[node]);
        }
        catch (SocketException failure)
        {
            client.Dispose();
            throw new IOException(failure.Message, failure);
        }

        return new Connection(client, _entryBytes);
    }

    /// <inheritdoc/>
    public async Task<long> CountAsync()
    {
        using var connection = (Connection)await ConnectAsync(await FindLeaderAsync());
        return await connection.CountAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            Signals.Send(process.Id, Signal.Kill);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private Process Start(int node)
    {
        List<string> arguments =
        [
            DotNextNode.Name,
            "--node",
            Text(node),
            "--port",
            Text(_ports[node]),
            "--data",
            Path.Combine(_directory, $"node-{node}"),
            "--memory",
            _memory.ToString(),
            "--peers",
            .. _peers.Select(Text),
        ];
        return Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
            ) ?? throw new InvalidOperationException("this program cannot be started again");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Connection : IEntryConnection
    {
        private readonly TcpClient _client;
        private readonly NetworkStream _stream;
        private readonly byte[] _command;
        private readonly byte[] _response = new byte[sizeof(long)];

        public Connection(TcpClient client, int entryBytes)
        {
            _client = client;
            _stream = client.GetStream();
            _command = new byte[sizeof(int) + entryBytes];
            BinaryPrimitives.WriteInt32LittleEndian(_command, entryBytes);
        }

        public async ValueTask<bool> CommitAsync() => await AskAsync(_command) != DotNextNode.NotCommitted;

        public ValueTask<long> CountAsync() => AskAsync(new byte[sizeof(int)]);

        public void Dispose() => _client.Dispose();

        private async ValueTask<long> AskAsync(byte[] command)
        {
            await _stream.WriteAsync(command);
            await _stream.ReadExactlyAsync(_response);
            return BinaryPrimitives.ReadInt64LittleEndian(_response);
        }
    }
}
