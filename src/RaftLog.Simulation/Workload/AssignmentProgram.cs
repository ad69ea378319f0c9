using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that assigns the partitions of a topic to other brokers, to more and to fewer, cancels that, and elects leaders, while records
/// are written to the first partition. Nobody writes to the second one, so leaders of it are also elected out of replicas that are not in
/// sync. Now and then it asks for what the controller must reject.
/// </summary>
internal sealed class AssignmentProgram
{
    /// <summary>The topic.</summary>
    internal const string Topic = "m";

    private const int MaxOutstanding = 8;
    private const int MaxFill = 100;
    private const sbyte Preferred = 0;
    private const sbyte Unclean = 1;
    private const int Unwritten = 1;
    private const int NoBroker = 99;
    private const string Unmade = "never-made";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan SendInterval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly SimRandom _random;
    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly PacedProducer _producer;
    private bool _stopped;

    /// <param name="world">Where it runs.</param>
    /// <param name="random">The root stream of the seed.</param>
    internal AssignmentProgram(SimCluster world, SimRandom random)
    {
        _random = random.Split("assignments");
        (Incarnation writer, KafkaCluster cluster) = world.NewClient();
        _producer = new PacedProducer(writer, cluster, _random, SendInterval, MaxOutstanding);
        writer.Run("write", () => _producer.RunAsync(SendAsync));
        (_program, _client) = world.NewRawClient();
        _program.Run("assign partitions", RunAsync);
    }

    /// <summary>How many assignments were accepted.</summary>
    internal int Accepted { get; private set; }

    /// <summary>How many requests that must be rejected were.</summary>
    internal int Rejected { get; private set; }

    /// <summary>How many records were acknowledged.</summary>
    internal int Acknowledged { get; private set; }

    internal void Stop()
    {
        _stopped = true;
        _producer.Stop();
    }

    private Task SendAsync() =>
        _producer.SendAsync(
            Topic,
            new ProducerRecord(null, Payload.Write(new(Acknowledged), MaxFill)) { Partition = 0 },
            _ => Acknowledged++
        );

    private async Task RunAsync()
    {
        while (!_stopped && !await CreateAsync(_client.Nodes[_random.Next(_client.Nodes.Count)]))
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
        }

        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            NodeId node = _client.Nodes[_random.Next(_client.Nodes.Count)];
            int partition = _random.Next(2);
            await (
                _random.Next(100) switch
                {
                    < 50 => AssignAsync(node, partition, DrawReplicas()),
                    < 65 => AssignAsync(node, partition, null),
                    < 72 => ListAsync(node),
                    < 77 => DescribeAsync(node),
                    < 85 => ElectAsync(node, partition, Preferred),
                    < 90 => ElectAsync(node, Unwritten, Unclean),
                    < 95 => AskForTooMuchAsync(node),
                    _ => ChangeFeatureAsync(node),
                }
            );
        }
    }

    private List<NodeId> DrawReplicas()
    {
        List<NodeId> brokers = [.. _client.Nodes];
        int count = 1 + _random.Next(brokers.Count);
        List<NodeId> drawn = [];
        while (drawn.Count < count)
        {
            NodeId next = brokers[_random.Next(brokers.Count)];
            brokers.Remove(next);
            drawn.Add(next);
        }

        return drawn;
    }

    private async Task<bool> CreateAsync(NodeId node)
    {
        CreateTopicsRequest request = new() { TimeoutMs = (int)Limit.TotalMilliseconds };
        request.Topics.Add(
            new()
            {
                Name = Topic,
                NumPartitions = -1,
                ReplicationFactor = -1,
                Assignments = [.. Enumerable.Range(0, 2).Select(each => Placed(each, DrawReplicas()))],
            }
        );
        RpcResult<CreateTopicsResponse> result = await _client.CallAsync(node, request, Limit);
        return result.TryGet(out CreateTopicsResponse? response)
            && response.Topics is [{ ErrorCode: ErrorCode.None or ErrorCode.TopicAlreadyExists }];
    }

    private static CreateTopicsRequest.CreatableReplicaAssignment Placed(int partition, List<NodeId> replicas) =>
        new() { PartitionIndex = partition, BrokerIds = replicas };

    private async Task AssignAsync(NodeId node, int partition, List<NodeId>? replicas)
    {
        AlterPartitionReassignmentsRequest.ReassignableTopic topic = new() { Name = Topic };
        topic.Partitions.Add(new() { PartitionIndex = partition, Replicas = replicas });
        AlterPartitionReassignmentsRequest request = new()
        {
            TimeoutMs = (int)Limit.TotalMilliseconds,
            AllowReplicationFactorChange = _random.Chance(0.9),
            Topics = [topic],
        };
        RpcResult<AlterPartitionReassignmentsResponse> result = await _client.CallAsync(node, request, Limit);
        Accepted +=
            result.TryGet(out AlterPartitionReassignmentsResponse? response)
            && response.Responses is [{ Partitions: [{ ErrorCode: ErrorCode.None }] }]
                ? 1
                : 0;
    }

    private async Task ListAsync(NodeId node)
    {
        ListPartitionReassignmentsRequest request = new()
        {
            TimeoutMs = (int)Limit.TotalMilliseconds,
            Topics = _random.Chance(0.5) ? null : [new() { Name = Topic, PartitionIndexes = [0, 1] }],
        };
        await _client.CallAsync(node, request, Limit);
    }

    private async Task DescribeAsync(NodeId node)
    {
        DescribeQuorumRequest.TopicData topic = new() { TopicName = "__cluster_metadata" };
        topic.Partitions.Add(new() { PartitionIndex = 0 });
        DescribeQuorumRequest request = new() { Topics = [topic] };
        await _client.CallAsync(node, request, Limit);
    }

    private async Task ElectAsync(NodeId node, int partition, sbyte how)
    {
        ElectLeadersRequest request = new()
        {
            ElectionType = how,
            TimeoutMs = (int)Limit.TotalMilliseconds,
            TopicPartitions = [new() { Topic = Topic, Partitions = [partition] }],
        };
        await _client.CallAsync(node, request, Limit);
    }

    private async Task AskForTooMuchAsync(NodeId node)
    {
        await _client.CallAsync(node, new UnregisterBrokerRequest { BrokerId = new NodeId(NoBroker) }, Limit);
        List<NodeId> twice = [_client.Nodes[0], _client.Nodes[0]];
        CreateTopicsRequest request = new() { TimeoutMs = (int)Limit.TotalMilliseconds };
        request.Topics.Add(
            _random.Next(5) switch
            {
                0 => Topics("not a name", partitions: 1, replicas: 1),
                1 => Topics(Unmade, partitions: 0, replicas: 1),
                2 => Topics(Unmade, partitions: 1, replicas: NoBroker),
                3 => Topics(Unmade, partitions: -1, replicas: -1, Placed(0, twice)),
                _ => Topics(Unmade, partitions: -1, replicas: -1, Placed(0, [new NodeId(NoBroker)])),
            }
        );
        RpcResult<CreateTopicsResponse> result = await _client.CallAsync(node, request, Limit);
        Rejected += result.TryGet(out CreateTopicsResponse? response) && response.Topics is [{ ErrorCode: not ErrorCode.None }] ? 1 : 0;
    }

    private static CreateTopicsRequest.CreatableTopic Topics(
        string name,
        int partitions,
        short replicas,
        params CreateTopicsRequest.CreatableReplicaAssignment[] placed
    ) =>
        new()
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replicas,
            Assignments = [.. placed],
        };

    private async Task ChangeFeatureAsync(NodeId node)
    {
        UpdateFeaturesRequest request = new() { TimeoutMs = (int)Limit.TotalMilliseconds };
        request.FeatureUpdates.Add(
            new()
            {
                Feature = _random.Chance(0.8) ? "metadata.version" : "no.such.feature",
                MaxVersionLevel = (short)_random.Next(NoBroker),
                UpgradeType = (sbyte)(1 + _random.Next(3)),
            }
        );
        request.ValidateOnly = _random.Chance(0.5);
        await _client.CallAsync(node, request, Limit);
    }
}
