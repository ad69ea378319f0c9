using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata.Tests;

public class ReplayTests
{
    private static readonly Uuid TopicId = new(5, 5);
    private static readonly LeaderEpoch Epoch = new(3);

    [Fact]
    public void A_change_says_what_is_different_and_nothing_else()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("kept", [0, 1]);
        cluster.Assign("moved", [0, 1], [1, 0]);
        cluster.Assign("gone", [0]);
        MetadataImage before = cluster.Replica.Image;
        cluster.CommitsAtOnce = false;
        Uuid gone = cluster.Topic("gone").Id;
        Uuid made = cluster.Create("made", 1, 1, ("a", "1")).TopicId;
        cluster.Append([new RemoveTopicRecord { TopicId = gone }]);
        cluster.Append([
            new PartitionChangeRecord
            {
                TopicId = cluster.Topic("moved").Id,
                PartitionId = 1,
                Isr = [new NodeId(1)],
            },
        ]);
        MetadataDelta delta = new(before);
        foreach (byte[] value in cluster.Log.Skip((int)before.Provenance.EndOffset.Value))
        {
            delta.Replay(MetadataRecordCodec.Read(value));
        }

        (MetadataImage after, MetadataChanges changes) = delta.Apply(before.Provenance);
        Assert.Equal([made], changes.CreatedTopics.Select(each => each.Id));
        Assert.Equal([gone], changes.DeletedTopics.Select(each => each.Id));
        Assert.Equal(
            [("gone", 0, true, false), ("made", 0, false, true), ("moved", 1, true, true)],
            changes.Partitions.Select(each => (each.Topic, each.Partition, each.Before is not null, each.After is not null)).Order()
        );
        Assert.Equal([ConfigResource.Topic("made")], changes.Configs);
        Assert.Empty(changes.Brokers);
        Assert.False(changes.ProducerIds || changes.Kept);
        Assert.Empty(changes.Features);

        // The whole comparison finds the same.
        MetadataChanges whole = MetadataChanges.Between(before, after);
        Assert.Equal(changes.Partitions, whole.Partitions);
        Assert.Equal(changes.Configs, whole.Configs);
        MetadataChanges none = MetadataChanges.Between(after, after);
        Assert.Empty(none.CreatedTopics);
        Assert.Empty(none.DeletedTopics);
        Assert.Empty(none.Partitions);
        Assert.Empty(none.Brokers);
        Assert.Empty(none.Controllers);
        Assert.Empty(none.Configs);
        Assert.Empty(none.Features);
        Assert.False(none.ProducerIds || none.Kept);
    }

    [Fact]
    public void A_topic_created_again_under_its_name_is_another_one()
    {
        MetadataReplayer replayer = Replayed(new TopicRecord { Name = "t", TopicId = TopicId }, Partition());
        replayer.Publish();
        Uuid second = new(6, 6);
        Replay(replayer, new RemoveTopicRecord { TopicId = TopicId }, new TopicRecord { Name = "t", TopicId = second });
        MetadataUpdate update = replayer.Publish();
        Assert.Equal([second], update.Changes.CreatedTopics.Select(each => each.Id));
        Assert.Equal([TopicId], update.Changes.DeletedTopics.Select(each => each.Id));
        Assert.Equal(second, update.Image.Topics.IdsByName["t"]);
    }

    [Fact]
    public void Change_records_leave_absent_fields_and_count_epochs()
    {
        MetadataReplayer replayer = Replayed(
            new TopicRecord { Name = "t", TopicId = TopicId },
            Partition(),
            new PartitionChangeRecord
            {
                TopicId = TopicId,
                PartitionId = 0,
                Isr = [new NodeId(2), new NodeId(1)],
            },
            new PartitionChangeRecord
            {
                TopicId = TopicId,
                PartitionId = 0,
                Leader = new NodeId(2),
            },
            new PartitionChangeRecord
            {
                TopicId = TopicId,
                PartitionId = 0,
                Leader = new NodeId(2),
                LeaderRecoveryState = 1,
            }
        );
        PartitionRegistration partition = replayer.Publish().Image.Topics.ById[TopicId].Partitions[0];
        Assert.Equal(Nodes.Of(1, 2, 3), partition.Replicas);
        Assert.Equal(Nodes.Of(2, 1), partition.Isr);
        Assert.Equal(new NodeId(2), partition.Leader);
        Assert.Equal((new LeaderEpoch(2), new PartitionEpoch(3)), (partition.LeaderEpoch, partition.PartitionEpoch));
        Assert.Equal(LeaderRecoveryState.Recovering, partition.RecoveryState);
    }

    [Fact]
    public void A_transaction_shows_nothing_before_its_end()
    {
        MetadataReplayer replayer = Replayed(
            new FeatureLevelRecord { Name = "f", FeatureLevel = 1 },
            new BeginTransactionRecord(),
            new FeatureLevelRecord { Name = "f", FeatureLevel = 2 }
        );
        MetadataUpdate inside = replayer.Publish();
        Assert.Equal(1, inside.Image.FeatureLevel("f"));
        Assert.Equal(new Offset(0), inside.Image.Provenance.LastOffset);
        Assert.Equal(new Offset(2), replayer.Position.LastOffset);
        Assert.True(replayer.InTransaction);
        Replay(replayer, new EndTransactionRecord());
        MetadataUpdate after = replayer.Publish();
        Assert.Equal(2, after.Image.FeatureLevel("f"));
        Assert.Equal(new Offset(3), after.Image.Provenance.LastOffset);
        Assert.Equal(["f"], after.Changes.Features);
    }

    [Fact]
    public void An_aborted_transaction_leaves_no_trace()
    {
        MetadataReplayer replayer = Replayed(
            new TopicRecord { Name = "t", TopicId = TopicId },
            new BeginTransactionRecord(),
            Partition(),
            new RemoveTopicRecord { TopicId = TopicId },
            new TopicRecord { Name = "t", TopicId = new Uuid(8, 8) },
            new AbortTransactionRecord(),
            Partition()
        );
        MetadataImage image = replayer.Publish().Image;
        Assert.Equal([TopicId], image.Topics.ById.Keys);
        Assert.Single(image.Topics.ById[TopicId].Partitions);
        Assert.Equal(new Offset(6), image.Provenance.LastOffset);
    }

    [Fact]
    public void What_a_transaction_defers_survives_the_bytes_that_it_came_in()
    {
        byte[] value = MetadataRecordCodec.ToBytes(
            new UserScramCredentialRecord
            {
                Name = "u",
                Mechanism = 1,
                Salt = new byte[] { 1, 2, 3 },
                Iterations = 4096,
            },
            MetadataVersion.Newest
        );
        MetadataReplayer replayer = Replayed(new BeginTransactionRecord(), MetadataRecordCodec.Read(value));
        Array.Fill(value, (byte)0xEE);
        Replay(replayer, new EndTransactionRecord());
        UserScramCredentialRecord kept = Assert.Single(replayer.Publish().Image.Kept.OfType<UserScramCredentialRecord>());
        Assert.Equal([1, 2, 3], kept.Salt.ToArray());
    }

    [Fact]
    public void A_snapshot_says_nothing_of_producer_ids_before_the_first_block_is_given() =>
        Assert.DoesNotContain(MetadataSnapshot.Write(MetadataImage.Empty), each => each is ProducerIdsRecord);

    [Fact]
    public void Records_that_contradict_the_image_stop_the_node()
    {
        Stops(new PartitionChangeRecord { TopicId = TopicId, PartitionId = 0 });
        Stops(Partition());
        Stops(new RemoveTopicRecord { TopicId = TopicId });
        Stops(new TopicRecord { Name = "t", TopicId = TopicId }, new TopicRecord { Name = "u", TopicId = TopicId });
        Stops(new TopicRecord { Name = "t", TopicId = TopicId }, new TopicRecord { Name = "t", TopicId = new Uuid(8, 8) });
        Stops(new TopicRecord { Name = "t", TopicId = TopicId }, new PartitionChangeRecord { TopicId = TopicId, PartitionId = 0 });
        Stops(
            new BrokerRegistrationChangeRecord
            {
                BrokerId = new NodeId(1),
                BrokerEpoch = new BrokerEpoch(1),
                Fenced = 1,
            }
        );
        Stops(
            new RegisterBrokerRecord { BrokerId = new NodeId(1), BrokerEpoch = new BrokerEpoch(1) },
            new BrokerRegistrationChangeRecord
            {
                BrokerId = new NodeId(1),
                BrokerEpoch = new BrokerEpoch(2),
                Fenced = 1,
            }
        );
        Stops(
            new ProducerIdsRecord { NextProducerId = new ProducerId(1000) },
            new ProducerIdsRecord { NextProducerId = new ProducerId(0) }
        );
        Stops(new EndTransactionRecord());
        Stops(new AbortTransactionRecord());
        Stops(new BeginTransactionRecord(), new BeginTransactionRecord());

        static void Stops(params IMetadataRecord[] records) => Assert.Throws<InvariantException>(() => Replayed(records));
    }

    [Fact]
    public void A_leader_outside_the_in_sync_set_and_a_member_that_is_no_replica_stop_the_node()
    {
        TopicRecord topic = new() { Name = "t", TopicId = TopicId };
        Assert.Throws<InvariantException>(() =>
            Replayed(
                topic,
                Partition(),
                new PartitionChangeRecord
                {
                    TopicId = TopicId,
                    PartitionId = 0,
                    Isr = [new NodeId(2)],
                }
            )
        );
        Assert.Throws<InvariantException>(() =>
            Replayed(
                topic,
                Partition(),
                new PartitionChangeRecord
                {
                    TopicId = TopicId,
                    PartitionId = 0,
                    Isr = [new NodeId(1), new NodeId(4)],
                }
            )
        );
    }

    [Fact]
    public void Offsets_do_not_go_back()
    {
        MetadataReplayer replayer = Replayed(new NoOpRecord());
        Assert.Throws<InvariantException>(() => replayer.Replay(new NoOpRecord(), new Offset(0), Epoch));
        Assert.Throws<InvariantException>(() => replayer.Replay(new NoOpRecord(), new Offset(5), new LeaderEpoch(2)));
        replayer.Pass(new Offset(1), new LeaderEpoch(4));
        Assert.Throws<InvariantException>(() => replayer.Pass(new Offset(1), new LeaderEpoch(4)));
        Assert.Equal(new Offset(1), replayer.Publish().Image.Provenance.LastOffset);
    }

    [Fact]
    public void A_snapshot_takes_the_place_of_everything_and_says_what_changed()
    {
        MetadataReplayer replayer = Replayed(new TopicRecord { Name = "t", TopicId = TopicId }, Partition(), new BeginTransactionRecord());
        replayer.Publish();
        MetadataUpdate update = replayer.Load(
            [new TopicRecord { Name = "u", TopicId = new Uuid(8, 8) }],
            new MetadataProvenance(new Offset(100), new LeaderEpoch(9))
        );
        Assert.Equal(["t"], update.Changes.DeletedTopics.Select(each => each.Name));
        Assert.Equal(["u"], update.Changes.CreatedTopics.Select(each => each.Name));
        Assert.False(replayer.InTransaction);
        Assert.Equal(new Offset(100), replayer.Position.LastOffset);
        Assert.Throws<InvariantException>(() => replayer.Load([], new MetadataProvenance(new Offset(99), new LeaderEpoch(9))));
    }

    [Fact]
    public void What_nobody_interprets_is_kept_by_its_key_and_removed_by_it()
    {
        ClientQuotaRecord quota = new()
        {
            Entity = [new() { EntityType = "user", EntityName = "u" }, new() { EntityType = "client-id", EntityName = null }],
            Key = "producer_byte_rate",
            Value = 5,
        };
        IMetadataRecord[] records =
        [
            new AccessControlEntryRecord { Id = new Uuid(1, 1), Principal = "User:a" },
            new AccessControlEntryRecord { Id = new Uuid(1, 2), Principal = "User:b" },
            new UserScramCredentialRecord
            {
                Name = "u",
                Mechanism = 1,
                Iterations = 1,
            },
            new UserScramCredentialRecord
            {
                Name = "u",
                Mechanism = 2,
                Iterations = 2,
            },
            new UserScramCredentialRecord
            {
                Name = "u",
                Mechanism = 2,
                Iterations = 3,
            },
            new DelegationTokenRecord { TokenId = "t" },
            quota,
            new ZkMigrationStateRecord { ZkMigrationState = 3 },
        ];
        MetadataImage image = Replayed(records).Publish().Image;
        Assert.Equal(7, image.Kept.All.Count());
        Assert.Equal(3, image.Kept.OfType<UserScramCredentialRecord>().Last().Iterations);

        MetadataReplayer replayer = new(image);
        Replay(
            replayer,
            new RemoveAccessControlEntryRecord { Id = new Uuid(1, 1) },
            new RemoveUserScramCredentialRecord { Name = "u", Mechanism = 1 },
            new RemoveDelegationTokenRecord { TokenId = "t" },
            new ClientQuotaRecord
            {
                Entity = [.. quota.Entity.AsEnumerable().Reverse()],
                Key = quota.Key,
                Remove = true,
            }
        );
        MetadataUpdate update = replayer.Publish();
        Assert.True(update.Changes.Kept);
        Assert.Equal(3, update.Image.Kept.All.Count());
    }

    private static PartitionRecord Partition() =>
        new()
        {
            TopicId = TopicId,
            PartitionId = 0,
            Replicas = [new NodeId(1), new NodeId(2), new NodeId(3)],
            Isr = [new NodeId(1), new NodeId(2), new NodeId(3)],
            Leader = new NodeId(1),
            LeaderEpoch = LeaderEpoch.Zero,
            PartitionEpoch = new PartitionEpoch(0),
        };

    private static MetadataReplayer Replayed(params IMetadataRecord[] records)
    {
        MetadataReplayer replayer = new();
        Replay(replayer, records);
        return replayer;
    }

    private static void Replay(MetadataReplayer replayer, params IMetadataRecord[] records)
    {
        foreach (IMetadataRecord record in records)
        {
            replayer.Replay(record, replayer.Position.EndOffset, Epoch);
        }
    }
}
