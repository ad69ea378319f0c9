using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that makes another replica of a partition its leader, again and again, while producers have several requests under way: it
/// puts the replicas in another order and asks for the preferred one. What it is told does not matter; that no record is written twice
/// does.
/// </summary>
internal sealed class LeaderProgram
{
    private const sbyte Preferred = 0;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly SimRandom _random;
    private readonly string _topic;
    private readonly int _partitions;
    private bool _stopped;

    internal LeaderProgram(SimCluster world, string topic, int partitions, SimRandom random)
    {
        _topic = topic;
        _partitions = partitions;
        _random = random.Split("leader moves");
        (_program, _client) = world.NewRawClient();
        _program.Run("move leaders", RunAsync);
    }

    /// <summary>How often another leader was elected.</summary>
    internal int Moved { get; private set; }

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_stopped)
            {
                return;
            }

            await MoveAsync(_client.Nodes[_random.Next(_client.Nodes.Count)], _random.Next(_partitions));
        }
    }

    private async Task MoveAsync(NodeId node, int partition)
    {
        MetadataRequest ask = new() { Topics = [new() { Name = _topic }], AllowAutoTopicCreation = false };
        RpcResult<MetadataResponse> known = await _client.CallAsync(node, ask, Limit);
        if (
            !known.TryGet(out MetadataResponse? metadata)
            || metadata.Topics[0].Partitions.Find(each => each.PartitionIndex == partition) is not { ReplicaNodes.Count: > 1 } found
        )
        {
            return;
        }

        AlterPartitionReassignmentsRequest.ReassignableTopic topic = new() { Name = _topic };
        topic.Partitions.Add(new() { PartitionIndex = partition, Replicas = [.. found.ReplicaNodes.Skip(1), found.ReplicaNodes[0]] });
        AlterPartitionReassignmentsRequest reorder = new() { TimeoutMs = (int)Limit.TotalMilliseconds, Topics = [topic] };
        await _client.CallAsync(node, reorder, Limit);
        ElectLeadersRequest elect = new()
        {
            ElectionType = Preferred,
            TimeoutMs = (int)Limit.TotalMilliseconds,
            TopicPartitions = [new() { Topic = _topic, Partitions = [partition] }],
        };
        RpcResult<ElectLeadersResponse> elected = await _client.CallAsync(node, elect, Limit);
        if (
            elected.TryGet(out ElectLeadersResponse? response)
            && response.ReplicaElectionResults is [{ PartitionResult: [{ ErrorCode: ErrorCode.None }] }]
        )
        {
            Moved++;
        }
    }
}
