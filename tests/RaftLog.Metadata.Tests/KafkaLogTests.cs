using System.IO.Compression;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata.Tests;

/// <summary>The metadata log of one Apache Kafka 4.3.1 node, from its first start to a clean stop.</summary>
public class KafkaLogTests
{
    [Fact]
    public void The_log_of_a_Kafka_controller_replays()
    {
        MetadataImage image = Replayed().Publish().Image;
        Assert.Equal(30, image.Version.Level);
        Assert.Equal(1, image.FeatureLevel("eligible.leader.replicas.version"));
        Assert.Equal(
            [
                "__consumer_offsets",
                "__transaction_state",
                "appendtime",
                "codec-gzip",
                "codec-lz4",
                "codec-none",
                "codec-snappy",
                "codec-zstd",
                "compacted",
                "deleted",
                "empty",
                "grouped",
                "segments",
                "tx",
            ],
            image.Topics.IdsByName.Keys
        );
        BrokerRegistration broker = Assert.Single(image.Brokers.Values);
        Assert.True(broker.Fenced);
        Assert.Single(image.Controllers);
        Assert.True(image.NextProducerId.Value > 0);
        Assert.Equal("1", image.ConfigOf(ConfigResource.AllBrokers)["min.insync.replicas"]);
    }

    [Fact]
    public void Every_record_is_written_back_as_Kafka_wrote_it_in_the_version_that_its_level_asks_for()
    {
        int seen = 0;
        MetadataReplayer replayer = new();
        foreach ((byte[] value, Offset offset, LeaderEpoch epoch) in Records())
        {
            IMetadataRecord record = MetadataRecordCodec.Read(value, out short version);
            Assert.Equal(version, MetadataVersion.Newest.VersionOf(record));
            Assert.Equal(Convert.ToHexString(value), Convert.ToHexString(MetadataRecordCodec.ToBytes(record, MetadataVersion.Newest)));
            replayer.Replay(record, offset, epoch);
            seen++;
        }

        Assert.True(seen > 300, $"only {seen} records were read");
    }

    [Fact]
    public void Its_image_survives_a_snapshot()
    {
        MetadataImage image = Replayed().Publish().Image;
        MetadataReplayer other = new();
        other.Load(MetadataSnapshot.Write(image), image.Provenance);
        Assert.True(other.Image.SaysTheSameAs(image));
    }

    [Fact]
    public void A_controller_of_ours_takes_the_cluster_over_after_a_clean_stop()
    {
        Cluster cluster = TakenOver(stoppedCleanly: true);
        Assert.All(Partitions(cluster), each => Assert.Equal((new NodeId(1), Nodes.Of(1)), (each.Leader, each.Isr)));
        Assert.All(Partitions(cluster), each => Assert.Empty(each.EligibleLeaders));
        Assert.True(cluster.Image.SaysTheSameAs(cluster.Replica.Image));
    }

    [Fact]
    public void Who_stopped_uncleanly_is_not_eligible_any_more()
    {
        Cluster cluster = TakenOver(stoppedCleanly: false);
        Assert.All(Partitions(cluster), each => Assert.False(each.HasLeader));
        Assert.All(Partitions(cluster), each => Assert.Empty(each.EligibleLeaders));
        Assert.True(cluster.Image.SaysTheSameAs(cluster.Replica.Image));
    }

    private static IEnumerable<PartitionRegistration> Partitions(Cluster cluster) =>
        cluster.Image.Topics.ById.Values.SelectMany(topic => topic.Partitions.Values);

    private static Cluster TakenOver(bool stoppedCleanly)
    {
        MetadataImage image = Replayed().Publish().Image;
        BrokerRegistration stopped = Assert.Single(image.Brokers.Values);
        Cluster cluster = new(from: image);
        Assert.All(Partitions(cluster), each => Assert.Equal((0, Nodes.Of(1)), (each.Isr.Count, each.EligibleLeaders)));
        BrokerRegistrationRequest request = cluster.Registration(1, incarnation: new Uuid(1, 1), directories: [.. stopped.Directories]);
        request.Features =
        [
            .. stopped.Features.Select(each => new BrokerRegistrationRequest.Feature
            {
                Name = each.Name,
                MinSupportedVersion = each.Lowest,
                MaxSupportedVersion = each.Highest,
            }),
        ];
        request.PreviousBrokerEpoch = stoppedCleanly ? stopped.Epoch : BrokerEpoch.None;
        Assert.Equal(ErrorCode.None, cluster.Register(request).ErrorCode);
        Assert.False(cluster.Beat(1).IsFenced);
        return cluster;
    }

    private static MetadataReplayer Replayed()
    {
        MetadataReplayer replayer = new();
        foreach ((byte[] value, Offset offset, LeaderEpoch epoch) in Records())
        {
            replayer.Replay(MetadataRecordCodec.Read(value), offset, epoch);
        }

        return replayer;
    }

    /// <summary>The data records; control batches are left out.</summary>
    private static List<(byte[] Value, Offset Offset, LeaderEpoch Epoch)> Records()
    {
        using GZipStream stream = new(
            File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "kafka-cluster-metadata.log.gz")),
            CompressionMode.Decompress
        );
        using MemoryStream whole = new();
        stream.CopyTo(whole);
        List<(byte[], Offset, LeaderEpoch)> records = [];
        foreach (RecordBatch batch in new RecordBatches(whole.ToArray()))
        {
            if (batch.Attributes.IsControl)
            {
                continue;
            }

            foreach (RaftLog.Protocol.Records.Record record in new RecordReader(batch, batch.Section))
            {
                records.Add((record.Value.ToArray()!, record.Offset, batch.PartitionLeaderEpoch));
            }
        }

        return records;
    }
}
