using RaftLog.Metadata;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// A program that asks for what cannot be: topics without a legal name, with too many replicas or with unknown keys, changes of what there
/// is not. Whatever breaks meanwhile, no such request is accepted, and none of it is ever in the metadata.
/// </summary>
internal sealed class WrongRequestsProgram
{
    /// <summary>What every name of its topics begins with: none of them may ever exist.</summary>
    private const string Prefix = "wrong";
    private const sbyte TopicResource = 2;
    private const sbyte GroupResource = 32;
    private const sbyte MetricsResource = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);
    private static readonly NodeId Nobody = new(99);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly SimRandom _random;
    private readonly string _topic;
    private readonly List<(string What, Func<NodeId, ValueTask<ErrorCode?>> AskAsync)> _requests;
    private bool _stopped;

    /// <param name="world">The cluster.</param>
    /// <param name="topic">A topic that exists, and whose partitions nobody changes.</param>
    /// <param name="random">What it draws from.</param>
    internal WrongRequestsProgram(SimCluster world, string topic, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _topic = topic;
        _random = random.Split("wrong requests");
        (_program, _client) = world.NewRawClient();
        _requests =
        [
            .. WrongTopics().Select(each => (each.What, Create(each.Topics))),
            .. WrongConfigs().Select(each => (each.What, Alter(each.Type, each.Name, each.Key, each.Value))),
            ("deleting a topic that does not exist", Delete(new() { Name = Prefix })),
            ("deleting an id that does not exist", Delete(new() { TopicId = new Uuid(1, 99) })),
            ("fewer partitions than there are", Extend(_topic, 0)),
            ("as many partitions as there are", Extend(_topic, 1)),
            ("more partitions of no topic", Extend(Prefix, 3)),
            ("replicas on a broker that does not exist", Reassign(_topic, [Nobody])),
            ("a partition without replicas", Reassign(_topic, [])),
            ("a broker that is named twice", Reassign(_topic, [_client.Nodes[0], _client.Nodes[0]])),
            ("moving a partition of no topic", Reassign(Prefix, [_client.Nodes[0]])),
            ("electing a leader of no topic", ElectAsync),
            ("a level of metadata.version that does not exist", UpdateAsync),
            ("taking away a broker that does not exist", UnregisterAsync),
        ];
        _program.Run("ask for what cannot be", RunAsync);
    }

    /// <summary>How many were rejected.</summary>
    internal int Rejected { get; private set; }

    internal void Stop() => _stopped = true;

    /// <summary>Looks for what should never have been made.</summary>
    internal void Check(SimMachine machine)
    {
        MetadataImage image = machine.Node!.Image;
        string? made =
            image.Topics.InNameOrder.Select(static each => each.Name).FirstOrDefault(static each => IsWrong(each))
            ?? image.Configs.Keys.Select(static each => each.Name).FirstOrDefault(static each => IsWrong(each));
        if (made is not null)
        {
            _scheduler.Fail($"wrong-is-rejected: {machine.Name} believes in {made}, which nobody may have made");
        }
    }

    private static bool IsWrong(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    private static IEnumerable<(string What, List<CreateTopicsRequest.CreatableTopic> Topics)> WrongTopics()
    {
        yield return ("a topic with a slash in its name", [New("wrong/name")]);
        yield return ("a topic with a long name", [New(Prefix + new string('x', 250))]);
        yield return ("more replicas than brokers", [New("wrong-replicas", replicas: 99)]);
        yield return ("no partitions", [New("wrong-partitions", partitions: 0)]);
        yield return ("a key that does not exist", [New("wrong-key", key: "no.such.key")]);
        yield return ("a value that is no number", [New("wrong-value", key: "retention.ms")]);
        yield return ("one topic twice", [New("wrong-twice"), New("wrong-twice")]);
        yield return ("a replica on a broker that does not exist", [New("wrong-place", partitions: -1, replicas: -1, on: [Nobody])]);
        yield return ("a placement and a number of partitions", [New("wrong-both", on: [new NodeId(1)])]);
    }

    private static IEnumerable<(string What, sbyte Type, string Name, string Key, string Value)> WrongConfigs()
    {
        yield return ("the configuration of a topic that does not exist", TopicResource, Prefix, "retention.ms", "1000");
        yield return ("a session shorter than the least", GroupResource, "wrong-group", "consumer.session.timeout.ms", "1");
        yield return ("a key that groups do not have", GroupResource, "wrong-group", "retention.ms", "1000");
        yield return ("an interval of metrics that is too short", MetricsResource, "wrong-metrics", "interval.ms", "1");
    }

    private static CreateTopicsRequest.CreatableTopic New(
        string name,
        int partitions = 1,
        short replicas = 1,
        string? key = null,
        List<NodeId>? on = null
    ) =>
        new()
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replicas,
            Configs = key is null ? [] : [new() { Name = key, Value = "soon" }],
            Assignments = on is null ? [] : [new() { PartitionIndex = 0, BrokerIds = on }],
        };

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_stopped)
            {
                return;
            }

            (string what, Func<NodeId, ValueTask<ErrorCode?>> askAsync) = _requests[_random.Next(_requests.Count)];
            NodeId node = _client.Nodes[_random.Next(_client.Nodes.Count)];
            switch (await askAsync(node))
            {
                case null:
                    break;
                case ErrorCode.None:
                    _scheduler.Fail($"wrong-is-rejected: n{node} has accepted {what}");
                    return;
                default:
                    Rejected++;
                    break;
            }
        }
    }

    private Func<NodeId, ValueTask<ErrorCode?>> Create(List<CreateTopicsRequest.CreatableTopic> topics) =>
        node =>
            AskAsync(
                node,
                new CreateTopicsRequest { Topics = topics, TimeoutMs = (int)Limit.TotalMilliseconds },
                static response => response.Topics[0].ErrorCode
            );

    private Func<NodeId, ValueTask<ErrorCode?>> Alter(sbyte type, string name, string key, string value) =>
        node =>
            AskAsync(
                node,
                new IncrementalAlterConfigsRequest
                {
                    Resources =
                    [
                        new()
                        {
                            ResourceType = type,
                            ResourceName = name,
                            Configs = [new() { Name = key, Value = value }],
                        },
                    ],
                },
                static response => response.Responses[0].ErrorCode
            );

    private Func<NodeId, ValueTask<ErrorCode?>> Delete(DeleteTopicsRequest.DeleteTopicState topic) =>
        node =>
            AskAsync(
                node,
                new DeleteTopicsRequest { Topics = [topic], TimeoutMs = (int)Limit.TotalMilliseconds },
                static response => response.Responses[0].ErrorCode
            );

    private Func<NodeId, ValueTask<ErrorCode?>> Extend(string topic, int count) =>
        node =>
            AskAsync(
                node,
                new CreatePartitionsRequest
                {
                    Topics =
                    [
                        new()
                        {
                            Name = topic,
                            Count = count,
                            Assignments = null,
                        },
                    ],
                    TimeoutMs = (int)Limit.TotalMilliseconds,
                },
                static response => response.Results[0].ErrorCode
            );

    private Func<NodeId, ValueTask<ErrorCode?>> Reassign(string topic, List<NodeId> replicas) =>
        node =>
            AskAsync(
                node,
                new AlterPartitionReassignmentsRequest
                {
                    Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Replicas = replicas }] }],
                },
                static response => response.ErrorCode != ErrorCode.None ? response.ErrorCode : response.Responses[0].Partitions[0].ErrorCode
            );

    private ValueTask<ErrorCode?> ElectAsync(NodeId node) =>
        AskAsync(
            node,
            new ElectLeadersRequest { TopicPartitions = [new() { Topic = Prefix, Partitions = [0] }] },
            static response =>
                response.ErrorCode != ErrorCode.None ? response.ErrorCode : response.ReplicaElectionResults[0].PartitionResult[0].ErrorCode
        );

    private ValueTask<ErrorCode?> UpdateAsync(NodeId node) =>
        AskAsync(
            node,
            new UpdateFeaturesRequest { FeatureUpdates = [new() { Feature = MetadataVersion.FeatureName, MaxVersionLevel = 999 }] },
            static response => response.ErrorCode
        );

    private ValueTask<ErrorCode?> UnregisterAsync(NodeId node) =>
        AskAsync(node, new UnregisterBrokerRequest { BrokerId = Nobody }, static response => response.ErrorCode);

    private async ValueTask<ErrorCode?> AskAsync<TResponse>(NodeId node, IRequest<TResponse> request, Func<TResponse, ErrorCode> errorOf)
        where TResponse : class, IVersionedMessage, new()
    {
        RpcResult<TResponse> result = await _client.CallAsync(node, request, Limit);
        return result.TryGet(out TResponse? response) ? errorOf(response) : null;
    }
}
