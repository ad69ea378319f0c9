using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata.Tests;

/// <summary>Random lives of a cluster: each number is one command, so that a failing life shrinks to a short one.</summary>
public class RandomCommandTests
{
    private const int Brokers = 4;

    [Property]
    public Property Replaying_the_log_gives_what_was_decided() =>
        ForAllLives(cluster =>
        {
            cluster.Commit();
            Assert.True(cluster.Image.SaysTheSameAs(cluster.Replica.Image));
            Assert.Equal(cluster.Image.Provenance.LastOffset, cluster.Replica.Position.LastOffset);
        });

    [Property]
    public Property Two_replicas_of_one_log_believe_the_same_however_they_publish() =>
        ForAllLives(cluster =>
        {
            cluster.Commit();
            MetadataReplayer slow = new();
            foreach (byte[] value in cluster.Log)
            {
                slow.Replay(MetadataRecordCodec.Read(value), slow.Position.EndOffset, cluster.Epoch);
            }

            Assert.True(slow.Publish().Image.SaysTheSameAs(cluster.Replica.Image));
        });

    [Property]
    public Property A_snapshot_replays_to_the_image_it_was_taken_of() =>
        ForAllLives(cluster =>
        {
            MetadataImage image = cluster.Image;
            List<byte[]> snapshot = [.. MetadataSnapshot.Write(image).Select(each => MetadataRecordCodec.ToBytes(each, image.Version))];
            MetadataReplayer fresh = new();
            MetadataUpdate loaded = fresh.Load(snapshot.Select(each => MetadataRecordCodec.Read(each)), image.Provenance);
            Assert.True(loaded.Image.SaysTheSameAs(image));
            Assert.True(
                MetadataChanges.Between(image, loaded.Image)
                    is { Partitions.Count: 0, Brokers.Count: 0, Controllers.Count: 0, Configs.Count: 0, Features.Count: 0 }
            );
            Assert.Equal(image.Provenance, loaded.Image.Provenance);
        });

    [Property]
    public Property The_same_commands_give_the_same_bytes() =>
        Prop.ForAll(
            Lives(),
            life =>
            {
                Assert.Equal(Live(life).Log, Live(life).Log);
            }
        );

    [Property]
    public Property A_deposed_controller_leaves_nothing_uncommitted_behind() =>
        ForAllLives(cluster =>
        {
            cluster.Commit();
            cluster.CommitsAtOnce = false;
            MetadataImage committed = cluster.Replica.Image;
            cluster.Register(cluster.Registration(9));
            cluster.Beat(9);
            Assert.Equal(ErrorCode.None, cluster.Create("uncommitted", 3, 1).ErrorCode);
            cluster.LoseLeadership();
            Assert.True(cluster.Image.SaysTheSameAs(committed));
            Assert.True(cluster.Replica.Image.SaysTheSameAs(committed));
        });

    [Property]
    public Property Leaderships_that_come_and_go_leave_the_image_of_the_committed_log() =>
        ForAllLives(cluster =>
        {
            // However leaderships changed, the replica's image is that of the log as it stands.
            MetadataReplayer fresh = new();
            foreach (byte[] value in cluster.Log.Take((int)cluster.Replica.Position.EndOffset.Value))
            {
                fresh.Replay(MetadataRecordCodec.Read(value), fresh.Position.EndOffset, cluster.Epoch);
            }

            Assert.True(fresh.Publish().Image.SaysTheSameAs(cluster.Replica.Image));
        });

    [Property]
    public Property Rules_of_every_partition_hold_after_every_life() =>
        ForAllLives(cluster =>
        {
            foreach (TopicImage topic in cluster.Image.Topics.ById.Values)
            {
                Assert.Equal(Enumerable.Range(0, topic.Partitions.Count), topic.Partitions.Keys);
                foreach (PartitionRegistration partition in topic.Partitions.Values)
                {
                    Assert.NotEmpty(partition.Isr);
                    Assert.Equal(partition.Replicas.Count, partition.Replicas.Distinct().Count());
                    Assert.All(partition.AddingReplicas, each => Assert.Contains(each, partition.Replicas));
                    Assert.All(partition.RemovingReplicas, each => Assert.Contains(each, partition.Replicas));
                    Assert.Empty(partition.AddingReplicas.Intersect(partition.RemovingReplicas));
                    if (partition.HasLeader)
                    {
                        Assert.True(cluster.Image.Brokers[partition.Leader].IsActive, "a leader is active");
                        Assert.All(
                            partition.Isr,
                            each => Assert.True(cluster.Image.Brokers[each].IsActive, "who is in sync with a leader is active")
                        );
                    }
                    else
                    {
                        Assert.DoesNotContain(
                            partition.Isr,
                            each => cluster.Image.Brokers.TryGetValue(each, out BrokerRegistration? broker) && broker.IsActive
                        );
                    }
                }
            }
        });

    private static Property ForAllLives(Action<Cluster> check) => Prop.ForAll(Lives(), life => check(Live(life)));

    private static Arbitrary<int[]> Lives() => Arb.From(Gen.Choose(0, 1_000_000).ArrayOf(60), Shorter);

    /// <summary>The same life without some of its steps, large cuts first.</summary>
    private static IEnumerable<int[]> Shorter(int[] life)
    {
        for (int cut = life.Length / 2; cut > 0; cut /= 2)
        {
            for (int at = 0; at + cut <= life.Length; at += cut)
            {
                yield return [.. life[..at], .. life[(at + cut)..]];
            }
        }
    }

    private static Cluster Live(int[] commands)
    {
        Cluster cluster = new(
            options: new ControllerOptions
            {
                ClusterId = "cluster",
                ImbalanceCheckMs = 20_000,
                SupportedFeatures = [new(MetadataVersion.FeatureName, 7, 30)],
            }
        );
        foreach (int command in commands)
        {
            Step(cluster, command % 19, command / 19);
        }

        return cluster;
    }

    private static void Step(Cluster cluster, int kind, int choice)
    {
        int id = choice % Brokers;
        bool isRegistered = cluster.Image.Brokers.ContainsKey(new NodeId(id));
        string name = "topic" + (choice % 5);
        bool exists = cluster.Image.Topics.IdsByName.ContainsKey(name);
        switch (kind)
        {
            case 0:
                cluster.Register(
                    cluster.Registration(id, rack: "r" + (id % 2), incarnation: new Uuid(7, (ulong)(id + (choice / Brokers % 3 * 10))))
                );
                break;
            case 1 or 2 or 3 when isRegistered:
                cluster.Beat(id, wantFence: choice % 7 == 0, wantShutDown: choice % 11 == 0);
                break;
            case 4 or 5:
                cluster.Create(name, 1 + (choice % 4), (short)(1 + (choice % 3)), ("retention.ms", choice.ToString()));
                break;
            case 6 when exists && choice % 3 == 0:
                cluster.Do(cluster.Controller.DeleteTopics(new DeleteTopicsRequest { TopicNames = [name] }));
                break;
            case 7 or 8 or 9 when exists && cluster.Partition(name).HasLeader:
                PartitionRegistration partition = cluster.Partition(name);
                int[] proposal =
                [
                    .. partition
                        .Replicas.Where((each, index) => each == partition.Leader || (choice >> (8 + index)) % 2 == 0)
                        .Select(each => each.Value),
                ];
                cluster.Propose(name, partition.Leader.Value, proposal);
                break;
            case 10:
                cluster.Tick(afterMs: choice % 4_000);
                break;
            case 11 when isRegistered:
                cluster.Controller.ConnectionLost(new NodeId(id), cluster.EpochOf(id), cluster.NowMs);
                foreach ((NodeId probed, BrokerEpoch epoch) in cluster.Controller.TakeProbes())
                {
                    cluster.Append(cluster.Controller.ProbeEnded(probed, epoch, rejected: choice % 2 == 0, cluster.NowMs));
                }

                break;
            case 12 when isRegistered && choice % 5 == 0:
                cluster.Do(cluster.Controller.UnregisterBroker(new UnregisterBrokerRequest { BrokerId = new NodeId(id) }));
                break;
            case 13:
                cluster.Do(
                    cluster.Controller.IncrementalAlterConfigs(
                        new IncrementalAlterConfigsRequest
                        {
                            Resources =
                            [
                                new()
                                {
                                    ResourceType = exists ? (sbyte)2 : (sbyte)4,
                                    ResourceName = exists ? name : "",
                                    Configs =
                                    [
                                        new()
                                        {
                                            Name = "unclean.leader.election.enable",
                                            Value = choice % 2 == 0 ? "true" : "false",
                                            ConfigOperation = (sbyte)(choice % 3 == 0 ? 1 : 0),
                                        },
                                    ],
                                },
                            ],
                        }
                    )
                );
                break;
            case 14 when isRegistered:
                cluster.Do(
                    cluster.Controller.AllocateProducerIds(
                        new AllocateProducerIdsRequest { BrokerId = new NodeId(id), BrokerEpoch = cluster.EpochOf(id) }
                    )
                );
                break;
            case 15:
                cluster.Do(
                    cluster.Controller.ElectLeaders(new ElectLeadersRequest { ElectionType = (sbyte)(choice % 2), TopicPartitions = null })
                );
                break;
            case 16 when exists:
                List<int> target =
                [
                    .. cluster.Image.Brokers.Keys.Select(each => each.Value).Where(each => (choice >> (4 + each)) % 2 == 0),
                ];
                cluster.Do(
                    cluster.Controller.AlterReassignments(ReassignmentTests.Wish(name, choice % 3, choice % 5 == 0 ? null : [.. target]))
                );
                break;
            case 17:
                cluster.CommitsAtOnce = choice % 2 == 0;
                break;
            case 18 when choice % 3 == 0:
                cluster.LoseLeadership();
                break;
            default:
                cluster.Append([
                    new RaftLog.Protocol.Metadata.AccessControlEntryRecord
                    {
                        Id = new Uuid(1, (ulong)(choice % 10)),
                        Principal = "User:" + choice,
                    },
                ]);
                break;
        }
    }
}
