using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Lives through a topic's life once, in an image of its own that nobody sees. Not all of the framework's collections of our words can be
/// compiled before, so a fresh process compiles and binds hundreds of methods when it first meets a topic, and its clients would see that
/// topic later than those of its neighbours do. Here it does so as soon as it serves.
/// </summary>
internal static class JitWarmup
{
    private static readonly NodeId Broker = new(0);
    private static readonly BrokerEpoch Epoch = new(1);

    /// <summary>Reads the records; with a controller, decides on them too.</summary>
    /// <param name="options">How this node would control a cluster; null on one that does not.</param>
    /// <param name="configs">The configuration keys.</param>
    public static void Run(ControllerOptions? options, IConfigTable configs)
    {
        MetadataReplayer replayer = new();
        Replay(
            replayer,
            new FeatureLevelRecord { Name = MetadataVersion.FeatureName, FeatureLevel = MetadataVersion.Newest.Level },
            new RegisterBrokerRecord
            {
                BrokerId = Broker,
                BrokerEpoch = Epoch,
                IncarnationId = new Uuid(0, 1),
                EndPoints =
                [
                    new()
                    {
                        Name = "",
                        Host = "",
                        Port = 1,
                    },
                ],
                LogDirs = [new Uuid(0, 2)],
                Fenced = false,
            }
        );
        if (options is null)
        {
            Replay(replayer, [.. Topic()]);
        }
        else
        {
            Controller controller = new(replayer.Image, options, configs, new Counting(), nowMs: 0);
            CreateTopicsRequest request = new()
            {
                Topics =
                [
                    new()
                    {
                        Name = "warm-up",
                        NumPartitions = 2,
                        ReplicationFactor = 1,
                    },
                ],
            };
            Replay(replayer, [.. controller.CreateTopics(request).Records]);
        }

        TopicImage topic = replayer.Image.Topics.InNameOrder.First();
        Replay(
            replayer,
            new PartitionChangeRecord
            {
                TopicId = topic.Id,
                PartitionId = 0,
                Leader = Broker,
                Isr = [Broker],
            }
        );
        Replay(replayer, new RemoveTopicRecord { TopicId = topic.Id });
    }

    private static IEnumerable<IMetadataRecord> Topic()
    {
        Uuid id = new(0, 3);
        yield return new TopicRecord { Name = "warm-up", TopicId = id };
        yield return new ConfigRecord
        {
            ResourceType = (sbyte)ConfigResourceType.Topic,
            ResourceName = "warm-up",
            Name = "segment.ms",
            Value = "1",
        };
        for (int index = 0; index < 2; index++)
        {
            yield return new PartitionRecord
            {
                TopicId = id,
                PartitionId = index,
                Replicas = [Broker],
                Isr = [Broker],
                Directories = [new Uuid(0, 2)],
                Leader = Broker,
                LeaderEpoch = LeaderEpoch.Zero,
                PartitionEpoch = new PartitionEpoch(0),
            };
        }
    }

    private static void Replay(MetadataReplayer replayer, params IMetadataRecord[] records)
    {
        foreach (IMetadataRecord record in records)
        {
            byte[] bytes = MetadataRecordCodec.ToBytes(record, MetadataVersion.Newest);
            replayer.Replay(MetadataRecordCodec.Read(bytes), replayer.Position.LastOffset + 1, LeaderEpoch.Zero);
        }

        replayer.Publish();
    }

    private sealed class Counting : IRandomSource
    {
        private ulong _last;

        public int Next(int exclusiveMax) => 0;

        public Uuid NextId() => new(9, ++_last);
    }
}
