using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>
/// Brokers that respond as a real one would in the simplest cluster there is: one replica a partition, everything committed at once. A
/// test bends single responses with <see cref="Intercept"/>. Everything runs on the test's thread in virtual time.
/// </summary>
internal sealed class FakeCluster : IDisposable
{
    private readonly OneThread _context;
    private readonly InMemoryNetwork _network;
    private readonly InMemoryProcess _process = new();
    private readonly Waiters _waiters;
    private readonly List<IDisposable> _clients = [];
    private readonly Dictionary<string, string?> _configs = [];
    private INetwork? _clientNetwork;
    private long _nextProducerId = 1000;
    private ulong _nextTopicId;

    public FakeCluster(OneThread context, int brokers = 1)
    {
        _context = context;
        _network = new InMemoryNetwork(Time);
        _waiters = new Waiters(Time);
        Supervisor supervisor = new(_process);
        for (int i = 0; i < brokers; i++)
        {
            NodeId id = new(i);
            ScriptedPeer peer = new(_network, new NetworkAddress($"broker-{i}", 9092), Time, supervisor);
            peer.RespondLater = (header, message) => RespondAsync(id, header, message);
            Brokers.Add(peer);
        }
    }

    public ManualTime Time { get; } = new();

    public Waiters Waiters => _waiters;

    public List<ScriptedPeer> Brokers { get; } = [];

    public SortedDictionary<string, FakeTopic> Topics { get; } = new(StringComparer.Ordinal);

    /// <summary>The fetch sessions that brokers keep; null where they keep none.</summary>
    public FakeSessions? Sessions { get; init; }

    /// <summary>How long each produce request takes, while the next ones of its connection wait behind it.</summary>
    public TimeSpan ResponseTime { get; init; }

    /// <summary>Answers in the cluster's place; null lets the cluster answer.</summary>
    public Func<NodeId, IMessage, Reply?> Intercept { get; set; } = (_, _) => null;

    public FakeTopic AddTopic(string name, int partitions = 1)
    {
        FakeTopic topic = new(name, new Uuid(7, ++_nextTopicId), []);
        for (int i = 0; i < partitions; i++)
        {
            topic.Partitions.Add(new FakePartition(i, new NodeId(i % Brokers.Count)));
        }

        Topics.Add(name, topic);
        return topic;
    }

    /// <summary>Lets the clients that connect from now on do so through a network that can be cut.</summary>
    public CuttingNetwork Cut()
    {
        CuttingNetwork network = new(_network, _waiters);
        _clientNetwork = network;
        return network;
    }

    /// <summary>Lets the clients that connect from now on do so through another network.</summary>
    public void Through(Func<INetwork, INetwork> change) => _clientNetwork = change(_network);

    public KafkaCluster Connect(Func<ClientOptions, ClientOptions>? change = null)
    {
        ClientOptions options = new() { BootstrapServers = [Brokers[0].Address] };
        KafkaCluster cluster = new(
            change?.Invoke(options) ?? options,
            new ClientWorld(Time, _clientNetwork ?? _network, new FixedEntropy(1))
        );
        _clients.Add(cluster);
        return cluster;
    }

    /// <summary>Requests of one kind that have come, over all brokers.</summary>
    public List<T> Received<T>()
        where T : IMessage => Brokers.SelectMany(broker => broker.Received).Select(request => request.Message).OfType<T>().ToList();

    public void Settle() => _context.Pump();

    public void Advance(TimeSpan by)
    {
        Time.Advance(by);
        Settle();
    }

    /// <summary>Lets time pass in small steps, so that what waits again and again gets its turns.</summary>
    public void Pass(TimeSpan time)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(10))
        {
            Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>Awaits in the test's context; <c>AsTask</c> would complete on the pool.</summary>
    public static async Task<T> Start<T>(ValueTask<T> task) => await task;

    /// <summary>Lets time pass until the task has ended.</summary>
    public T Finish<T>(ValueTask<T> task) => Finish(Start(task));

    public void Finish(ValueTask task) => Wait(Start(task)).GetAwaiter().GetResult();

    public T Finish<T>(Task<T> task)
    {
        Wait(task);
        return task.GetAwaiter().GetResult();
    }

    public KafkaException Fails(Func<ValueTask> call) => Assert.Throws<KafkaException>(() => Finish(call()));

    public KafkaException Fails<T>(Func<ValueTask<T>> call) => Assert.Throws<KafkaException>(() => Finish(call()));

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        Brokers.ForEach(broker => broker.Dispose());
        Settle();
        Assert.Null(_process.HaltReason);
    }

    private static async Task Start(ValueTask task) => await task;

    private Task Wait(Task task)
    {
        Settle();
        for (int i = 0; !task.IsCompleted && i < 40_000; i++)
        {
            Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.True(task.IsCompleted, "the task has not ended within 400 s");
        return task;
    }

    private async ValueTask<IMessage?> RespondAsync(NodeId node, RequestHeader header, IMessage message)
    {
        if (message is ProduceRequest && ResponseTime > TimeSpan.Zero)
        {
            await _waiters.Delay(ResponseTime);
        }

        if (Intercept(node, message) is { } bent)
        {
            if (bent.Apply)
            {
                Handle(node, message);
            }

            if (bent.Reset)
            {
                Brokers[node.Value].ResetConnections();
            }

            return bent.Message;
        }

        if (message is FetchRequest fetch)
        {
            (FetchRequest whole, ErrorCode error) = Sessions?.Expand(fetch) ?? (fetch, ErrorCode.None);
            if (error != ErrorCode.None)
            {
                return new FetchResponse { ErrorCode = error };
            }

            FetchResponse reply = Read(node, whole);
            if (
                reply.Responses.TrueForAll(topic =>
                    topic.Partitions.TrueForAll(p => p.ErrorCode == ErrorCode.None && p.Records!.Value.IsEmpty)
                )
            )
            {
                await _waiters.Delay(TimeSpan.FromMilliseconds(fetch.MaxWaitMs));
                reply = Read(node, whole);
            }

            Sessions?.Reduce(whole, reply);
            return reply;
        }

        return Handle(node, message);
    }

    private IMessage? Handle(NodeId node, IMessage message) =>
        message switch
        {
            MetadataRequest request => Describe(request),
            ProduceRequest request => Append(node, request),
            InitProducerIdRequest request => Identify(request),
            ListOffsetsRequest request => Find(request),
            CreateTopicsRequest request => Create(request),
            DeleteTopicsRequest request => Delete(request),
            DescribeClusterRequest => new DescribeClusterResponse
            {
                ClusterId = "fake",
                ControllerId = new NodeId(0),
                Brokers = Brokers.ConvertAll(b => new DescribeClusterResponse.DescribeClusterBroker
                {
                    BrokerId = new NodeId(Brokers.IndexOf(b)),
                    Host = b.Address.Host,
                    Port = b.Address.Port,
                }),
            },
            IncrementalAlterConfigsRequest request => Alter(request),
            DescribeConfigsRequest request => DescribeConfigs(request),
            _ => throw new InvalidOperationException($"the fake cluster does not know {message.GetType().Name}"),
        };

    private string NameOf(MetadataRequest.TopicData asked) =>
        asked.Name ?? Topics.Values.FirstOrDefault(topic => topic.Id == asked.TopicId)?.Name ?? "";

    private MetadataResponse Describe(MetadataRequest request)
    {
        MetadataResponse response = new() { ClusterId = "fake", ControllerId = new NodeId(0) };
        for (int i = 0; i < Brokers.Count; i++)
        {
            response.Brokers.Add(
                new()
                {
                    NodeId = new NodeId(i),
                    Host = Brokers[i].Address.Host,
                    Port = Brokers[i].Address.Port,
                }
            );
        }

        foreach (string name in request.Topics?.ConvertAll(NameOf) ?? [.. Topics.Keys])
        {
            response.Topics.Add(
                Topics.TryGetValue(name, out FakeTopic? topic)
                    ? new()
                    {
                        Name = name,
                        TopicId = topic.Id,
                        Partitions = topic.Partitions.ConvertAll(p => new MetadataResponse.PartitionData
                        {
                            PartitionIndex = p.Index,
                            LeaderId = p.Leader,
                            LeaderEpoch = p.Epoch,
                            ReplicaNodes = [p.Leader],
                            IsrNodes = [p.Leader],
                        }),
                    }
                    : new() { Name = name, ErrorCode = ErrorCode.UnknownTopicOrPartition }
            );
        }

        return response;
    }

    private ProduceResponse Append(NodeId node, ProduceRequest request)
    {
        ProduceResponse response = new();
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            ProduceResponse.TopicProduceResponse responses = new() { Name = topic.Name, TopicId = topic.TopicId };
            foreach (ProduceRequest.PartitionProduceData data in topic.PartitionData)
            {
                (ErrorCode error, Offset offset) = Locate(topic.Name, topic.TopicId, data.Index) is { } partition
                    ? partition.Leader == node
                        ? partition.Append(data.Records!.Value)
                        : (ErrorCode.NotLeaderOrFollower, Offset.None)
                    : (ErrorCode.UnknownTopicOrPartition, Offset.None);
                responses.PartitionResponses.Add(
                    new()
                    {
                        Index = data.Index,
                        ErrorCode = error,
                        BaseOffset = offset,
                    }
                );
            }

            response.Responses.Add(responses);
        }

        return response;
    }

    private FetchResponse Read(NodeId node, FetchRequest request)
    {
        FetchResponse response = new();
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            FetchResponse.FetchableTopicResponse responses = new() { Topic = topic.Topic, TopicId = topic.TopicId };
            foreach (FetchRequest.FetchPartition wanted in topic.Partitions)
            {
                responses.Partitions.Add(Read(node, Locate(topic.Topic, topic.TopicId, wanted.Partition), wanted));
            }

            response.Responses.Add(responses);
        }

        return response;
    }

    private static FetchResponse.PartitionData Read(NodeId node, FakePartition? partition, FetchRequest.FetchPartition wanted)
    {
        FetchResponse.PartitionData data = new() { PartitionIndex = wanted.Partition, Records = Memory<byte>.Empty };
        if (partition is null)
        {
            data.ErrorCode = ErrorCode.UnknownTopicOrPartition;
        }
        else if (partition.Leader != node)
        {
            data.ErrorCode = ErrorCode.NotLeaderOrFollower;
        }
        else if (wanted.FetchOffset < partition.Start || wanted.FetchOffset > partition.End)
        {
            data.ErrorCode = ErrorCode.OffsetOutOfRange;
        }
        else
        {
            byte[] records = partition.From(wanted.FetchOffset);
            data.HighWatermark = partition.End;
            data.LogStartOffset = partition.Start;
            data.AbortedTransactions = [.. partition.Aborted];
            data.Records = records.AsMemory(0, Math.Min(records.Length, wanted.PartitionMaxBytes));
        }

        return data;
    }

    private InitProducerIdResponse Identify(InitProducerIdRequest request) =>
        request.ProducerId.IsPresent
            ? new() { ProducerId = request.ProducerId, ProducerEpoch = new ProducerEpoch((short)(request.ProducerEpoch.Value + 1)) }
            : new() { ProducerId = new ProducerId(_nextProducerId++), ProducerEpoch = new ProducerEpoch(0) };

    private ListOffsetsResponse Find(ListOffsetsRequest request) =>
        new()
        {
            Topics = request.Topics.ConvertAll(topic => new ListOffsetsResponse.TopicData
            {
                Name = topic.Name,
                Partitions = topic.Partitions.ConvertAll(wanted =>
                {
                    FakePartition partition = Topics[topic.Name].Partitions[wanted.PartitionIndex];
                    (Offset offset, long timestamp) = wanted.Timestamp switch
                    {
                        -1 => (partition.End, -1),
                        -2 => (partition.Start, -1),
                        _ => partition.Find(wanted.Timestamp),
                    };
                    return new ListOffsetsResponse.PartitionData
                    {
                        PartitionIndex = wanted.PartitionIndex,
                        Offset = offset,
                        Timestamp = timestamp,
                    };
                }),
            }),
        };

    private CreateTopicsResponse Create(CreateTopicsRequest request) =>
        new()
        {
            Topics = request.Topics.ConvertAll(topic =>
            {
                if (Topics.ContainsKey(topic.Name))
                {
                    return new CreateTopicsResponse.CreatableTopicResult
                    {
                        Name = topic.Name,
                        ErrorCode = ErrorCode.TopicAlreadyExists,
                        ErrorMessage = "it exists",
                    };
                }

                AddTopic(topic.Name, topic.NumPartitions);
                return new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, TopicId = Topics[topic.Name].Id };
            }),
        };

    private DeleteTopicsResponse Delete(DeleteTopicsRequest request) =>
        new()
        {
            Responses = request.Topics.ConvertAll(topic => new DeleteTopicsResponse.DeletableTopicResult
            {
                Name = topic.Name,
                ErrorCode = Topics.Remove(topic.Name!) ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition,
            }),
        };

    private IncrementalAlterConfigsResponse Alter(IncrementalAlterConfigsRequest request)
    {
        request.Resources.ForEach(r => r.Configs.ForEach(c => _configs[c.Name] = c.Value));
        return new()
        {
            Responses = request.Resources.ConvertAll(r => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ResourceType = r.ResourceType,
                ResourceName = r.ResourceName,
            }),
        };
    }

    private DescribeConfigsResponse DescribeConfigs(DescribeConfigsRequest request) =>
        new()
        {
            Results = request.Resources.ConvertAll(r => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = r.ResourceType,
                ResourceName = r.ResourceName,
                Configs = _configs
                    .Select(c => new DescribeConfigsResponse.ResourceConfig
                    {
                        Name = c.Key,
                        Value = c.Value,
                        ConfigSource = 1,
                    })
                    .ToList(),
            }),
        };

    private FakePartition? Locate(string name, Uuid id, int index)
    {
        FakeTopic? topic = Topics.Values.FirstOrDefault(t => id == Uuid.Zero ? t.Name == name : t.Id == id);
        return topic is not null && index < topic.Partitions.Count ? topic.Partitions[index] : null;
    }
}

/// <summary>What a test makes of one request.</summary>
/// <param name="Message">The response; null for none.</param>
/// <param name="Apply">True to let the cluster do first what was asked.</param>
/// <param name="Reset">True to reset the connection.</param>
internal sealed record Reply(IMessage? Message, bool Apply = false, bool Reset = false);
