using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// A program that asks for all records of a topic, many times over, and never reads a response. Others must not notice, and the node must
/// end the connection once nothing of a response was taken for a while.
/// </summary>
internal sealed class GreedyProgram
{
    private const int MaxRequests = 64;
    private const int MaxBytes = 50 << 20;
    private const short Version = 11;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly Incarnation _program;
    private readonly INetwork _network;
    private readonly IReadOnlyList<NetworkAddress> _nodes;
    private readonly SimRandom _random;
    private readonly byte[] _request;
    private bool _stopped;

    internal GreedyProgram(SimCluster world, string topic, int partitions, int number, SimRandom random)
    {
        _random = random.Split("greedy client", number);
        (_program, _network, _nodes) = world.NewBareProgram();
        _request = RequestOf(topic, partitions);
        _program.Run("ask and not read", RunAsync);
    }

    /// <summary>How many of its connections a node has ended.</summary>
    internal int Disconnected { get; private set; }

    internal void Stop() => _stopped = true;

    private static byte[] RequestOf(string topic, int partitions)
    {
        FetchRequest.FetchTopic wanted = new() { Topic = topic };
        for (int partition = 0; partition < partitions; partition++)
        {
            wanted.Partitions.Add(new() { Partition = partition, PartitionMaxBytes = MaxBytes });
        }

        FetchRequest request = new()
        {
            ReplicaId = NodeId.None,
            MaxWaitMs = 500,
            MinBytes = 1,
            MaxBytes = MaxBytes,
            Topics = [wanted],
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new RequestHeader(ApiKey.Fetch, Version, 1, "greedy").Write(writer);
        request.Write(writer, Version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Pause), _program.Time);
            NetworkAddress node = _nodes[_random.Next(_nodes.Count)];
            if ((await _network.ConnectAsync(node, ConnectLimit, CancellationToken.None)).Connection is { } connection)
            {
                using (connection)
                {
                    await AskAsync(connection);
                }
            }
        }
    }

    private async Task AskAsync(IConnection connection)
    {
        for (int sent = 0; sent < MaxRequests; sent++)
        {
            if (!await connection.SendAsync([_request]))
            {
                Disconnected++;
                return;
            }

            await Task.Delay(Patience / MaxRequests, _program.Time);
        }
    }
}
