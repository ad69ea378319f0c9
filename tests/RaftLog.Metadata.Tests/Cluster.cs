using System.Collections.Immutable;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata.Tests;

/// <summary>A controller with a log of bytes that commits on demand, and a replica that reads it.</summary>
internal sealed class Cluster
{
    private readonly List<byte[]> _log = [];
    private int _committed;
    private int _leaderships;

    public Cluster(int seed = 1, ControllerOptions? options = null, MetadataImage? from = null)
    {
        Options = options ?? new ControllerOptions { ClusterId = "cluster" };
        Seed = seed;
        Replica = new MetadataReplayer(from);
        Epoch = Replica.Position.LastEpoch.Next();
        Controller = NewController();
        Append(Controller.Activate(openTransaction: false));
    }

    public LeaderEpoch Epoch { get; }

    public int Seed { get; }

    public ControllerOptions Options { get; }

    public Controller Controller { get; private set; }

    public MetadataReplayer Replica { get; }

    public long NowMs { get; set; } = 1_000_000;

    public bool CommitsAtOnce { get; set; } = true;

    public Offset NextOffset => Replica.Position.EndOffset + (_log.Count - _committed);

    public IReadOnlyList<byte[]> Log => _log;

    public MetadataImage Image => Controller.Image;

    public T Do<T>(ControllerResult<T> result)
    {
        Append(result.Records);
        return result.Response;
    }

    public void Append(IReadOnlyList<IMetadataRecord> records)
    {
        Offset first = NextOffset;
        _log.AddRange(records.Select(each => MetadataRecordCodec.ToBytes(each, Controller.Image.Version)));
        Controller.Replay(records, first, Epoch, NowMs);
        if (CommitsAtOnce)
        {
            Commit();
        }
    }

    public void Commit()
    {
        for (; _committed < _log.Count; _committed++)
        {
            Replica.Replay(MetadataRecordCodec.Read(_log[_committed]), Replica.Position.EndOffset, Epoch);
        }

        Replica.Publish();
    }

    /// <summary>The leadership ends: what was not committed is cut off, and another controller begins from what was.</summary>
    public void LoseLeadership()
    {
        _log.RemoveRange(_committed, _log.Count - _committed);
        Controller = NewController();
    }

    public BrokerRegistrationRequest Registration(int id, string? rack = null, Uuid? incarnation = null, params Uuid[] directories) =>
        new()
        {
            BrokerId = new NodeId(id),
            ClusterId = "cluster",
            IncarnationId = incarnation ?? new Uuid(7, (ulong)id),
            Rack = rack,
            Listeners =
            [
                new()
                {
                    Name = "PLAINTEXT",
                    Host = "h" + id,
                    Port = (ushort)(9000 + id),
                },
            ],
            Features =
            [
                new()
                {
                    Name = MetadataVersion.FeatureName,
                    MinSupportedVersion = 7,
                    MaxSupportedVersion = 30,
                },
            ],
            LogDirs = directories.Length > 0 ? [.. directories] : [Directory(id)],
        };

    public static Uuid Directory(int id) => new(1000, (ulong)id);

    public BrokerRegistrationResponse Register(BrokerRegistrationRequest request) =>
        Do(Controller.RegisterBroker(request, NextOffset, NowMs));

    public BrokerHeartbeatResponse Beat(int id, bool wantFence = false, bool wantShutDown = false, Offset? metadataOffset = null) =>
        Do(
            Controller.Heartbeat(
                new BrokerHeartbeatRequest
                {
                    BrokerId = new NodeId(id),
                    BrokerEpoch = EpochOf(id),
                    CurrentMetadataOffset = metadataOffset ?? NextOffset - 1,
                    WantFence = wantFence,
                    WantShutDown = wantShutDown,
                },
                NextOffset,
                NowMs
            )
        );

    public BrokerEpoch EpochOf(int id) => Image.Brokers[new NodeId(id)].Epoch;

    public BrokerRegistration Broker(int id) => Image.Brokers[new NodeId(id)];

    /// <summary>Registers and unfences brokers 0, 1, ...</summary>
    public Cluster WithBrokers(int count, params string?[] racks)
    {
        for (int id = 0; id < count; id++)
        {
            Assert.Equal(ErrorCode.None, Register(Registration(id, racks.Length > 0 ? racks[id % racks.Length] : null)).ErrorCode);
            Assert.False(Beat(id).IsFenced);
        }

        return this;
    }

    public CreateTopicsResponse.CreatableTopicResult Create(
        string name,
        int partitions = 1,
        short replicas = 1,
        params (string Key, string Value)[] configs
    ) =>
        Do(
            Controller.CreateTopics(
                new CreateTopicsRequest
                {
                    Topics =
                    [
                        new()
                        {
                            Name = name,
                            NumPartitions = partitions,
                            ReplicationFactor = replicas,
                            Configs =
                            [
                                .. configs.Select(each => new CreateTopicsRequest.CreatableTopicConfig
                                {
                                    Name = each.Key,
                                    Value = each.Value,
                                }),
                            ],
                        },
                    ],
                }
            )
        ).Topics[0];

    public CreateTopicsResponse.CreatableTopicResult Assign(string name, params int[][] replicas) =>
        Do(
            Controller.CreateTopics(
                new CreateTopicsRequest
                {
                    Topics =
                    [
                        new()
                        {
                            Name = name,
                            NumPartitions = -1,
                            ReplicationFactor = -1,
                            Assignments =
                            [
                                .. replicas.Select(
                                    (each, index) =>
                                        new CreateTopicsRequest.CreatableReplicaAssignment
                                        {
                                            PartitionIndex = index,
                                            BrokerIds = [.. each.Select(id => new NodeId(id))],
                                        }
                                ),
                            ],
                        },
                    ],
                }
            )
        ).Topics[0];

    public TopicImage Topic(string name) => Image.Topics.ById[Image.Topics.IdsByName[name]];

    public PartitionRegistration Partition(string topic, int index = 0) => Topic(topic).Partitions[index];

    public AlterPartitionResponse Propose(string topic, int leader, int[] isr, Action<AlterPartitionRequest>? but = null)
    {
        PartitionRegistration partition = Partition(topic);
        AlterPartitionRequest request = new()
        {
            BrokerId = new NodeId(leader),
            BrokerEpoch = EpochOf(leader),
            Topics =
            [
                new()
                {
                    TopicId = Topic(topic).Id,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            LeaderEpoch = partition.LeaderEpoch,
                            PartitionEpoch = partition.PartitionEpoch,
                            NewIsrWithEpochs =
                            [
                                .. isr.Select(id => new AlterPartitionRequest.BrokerState
                                {
                                    BrokerId = new NodeId(id),
                                    BrokerEpoch = Image.Brokers.GetValueOrDefault(new NodeId(id))?.Epoch ?? BrokerEpoch.None,
                                }),
                            ],
                        },
                    ],
                },
            ],
        };
        but?.Invoke(request);
        return Do(Controller.AlterPartition(request));
    }

    public void Tick(long afterMs = 0)
    {
        NowMs += afterMs;
        Append(Controller.Tick(NowMs));
    }

    /// <summary>Another controller draws other numbers: a topic id comes once.</summary>
    private Controller NewController() => new(Replica.Image, Options, new Configs(), new Chance((Seed * 1_000) + _leaderships++), NowMs);

    /// <summary>A few keys: one list, one with a default, one that is always rejected.</summary>
    private sealed class Configs : IConfigTable
    {
        public string? Rejection(
            MetadataImage image,
            ConfigResource resource,
            ImmutableSortedDictionary<string, string> values,
            IReadOnlyList<string> changed
        ) => changed.Contains("rejected") ? "the key 'rejected' is rejected" : null;

        public bool IsList(ConfigResourceType type, string key) => key == "cleanup.policy";

        public string? DefaultOf(ConfigResourceType type, string key) =>
            key switch
            {
                "cleanup.policy" => "delete",
                "unclean.leader.election.enable" => "false",
                _ => null,
            };
    }

    internal sealed class Chance(int seed) : IRandomSource
    {
        private readonly Random _random = new(seed);

        public int Next(int exclusiveMax) => _random.Next(exclusiveMax);

        public Uuid NextId() => new((ulong)_random.NextInt64(), (ulong)_random.NextInt64());
    }
}
