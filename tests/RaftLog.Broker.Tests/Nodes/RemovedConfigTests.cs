using System.Buffers.Binary;
using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// Metadata that Kafka 3 wrote may set keys that Kafka 4 has removed. Nobody acts on them, and they stand in nobody's way.
/// </summary>
public sealed class RemovedConfigTests
{
    private const string MetadataDirectory = "/a/__cluster_metadata-0";

    /// <summary>Each has as many letters as the other, so that one can be put in the place of the other.</summary>
    private static readonly (string Known, string Removed)[] Keys =
    [
        ("log.message.timestamp.type", "log.message.format.version"),
        ("message.timestamp.type", "message.format.version"),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_opens_metadata_with_keys_that_were_removed(bool inSnapshot)
    {
        string between = inSnapshot ? """, "metadata.log.max.record.bytes.between.snapshots": 1""" : "";
        using NodesInMemory nodes = new(
            $$"""
            { "nodes": [ {
              "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a"{{between}}
            } ] }
            """
        );
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        ConfigResource topic = new(ConfigResourceType.Topic, "t");
        ConfigResource all = new(ConfigResourceType.Broker, "");
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 1 }]);
        await AlterAsync(nodes, new(topic, Keys[1].Known, ConfigOperation.Set, "LogAppendTime"));
        await AlterAsync(nodes, new(all, Keys[0].Known, ConfigOperation.Set, "LogAppendTime"));
        await NodesInMemory.UntilAsync("a snapshot has them", () => !inSnapshot || Holds(node, ".checkpoint", Keys[0].Known));
        await nodes.StopAsync();
        foreach (string file in node.Disk.ListFiles(MetadataDirectory))
        {
            Rename(node.Disk, $"{MetadataDirectory}/{file}");
        }

        await node.StartAsync();
        await node.Node.Ready;
        Assert.Equal(inSnapshot, Holds(node, ".checkpoint", Keys[1].Removed));
        Assert.Equal("LogAppendTime", node.Node.Image.ConfigOf(new(RaftLog.Metadata.ConfigResourceType.Topic, "t"))[Keys[1].Removed]);
        await using (Producer producer = nodes.Client.CreateProducer())
        {
            await producer.ProduceAsync("t", new ProducerRecord(null, "v"u8.ToArray()));
        }

        // The removed key is no obstacle to a change beside it, and is not believed under its old name.
        await AlterAsync(nodes, new(topic, "retention.ms", ConfigOperation.Set, "1000000"));
        await NodesInMemory.UntilAsync(
            "the node knows the change",
            () => node.Node.Image.ConfigOf(new(RaftLog.Metadata.ConfigResourceType.Topic, "t")).ContainsKey("retention.ms")
        );
        IReadOnlyList<ConfigEntry> described = await nodes.Client.Admin.DescribeConfigsAsync(topic);
        Assert.Equal("CreateTime", described.Single(static each => each.Name == Keys[1].Known).Value);
        Assert.Equal("1000000", described.Single(static each => each.Name == "retention.ms").Value);
        Assert.DoesNotContain(described, static each => each.Name == Keys[1].Removed);
        KafkaException again = await Assert.ThrowsAsync<KafkaException>(async () =>
            await AlterAsync(nodes, new(topic, Keys[1].Removed, ConfigOperation.Set, "3.0"))
        );
        Assert.Equal(ErrorCode.InvalidConfig, again.Code);
        await AlterAsync(nodes, new(topic, Keys[1].Removed, ConfigOperation.Delete, null));
        await nodes.StopAsync();
        await node.StartAsync();
        await node.Node.Ready;
        await nodes.StopAsync();
        Assert.Null(node.Process.HaltReason);
    }

    private static async Task AlterAsync(NodesInMemory nodes, ConfigChange change) =>
        (await nodes.Client.Admin.AlterConfigsAsync([change]))[0].ThrowIfFailed();

    private static bool Holds(NodesInMemory.OneNode node, string suffix, string text) =>
        node
            .Disk.ListFiles(MetadataDirectory)
            .Any(file =>
                file.EndsWith(suffix, StringComparison.Ordinal)
                && Read(node.Disk, $"{MetadataDirectory}/{file}").AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0
            );

    private static byte[] Read(InMemoryDisk disk, string path)
    {
        using IDiskFile file = disk.OpenExisting(path)!;
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return bytes;
    }

    private static void Rename(InMemoryDisk disk, string path)
    {
        const int CrcAt = 17;
        byte[] bytes = Read(disk, path);
        foreach ((string known, string removed) in Keys)
        {
            for (int at; (at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(known))) >= 0; )
            {
                Encoding.UTF8.GetBytes(removed).CopyTo(bytes, at);
            }
        }

        for (int at = 0; RecordBatch.Read(bytes.AsMemory(at).Span, out RecordBatch batch) == BatchStatus.Complete; at += batch.Bytes.Length)
        {
            Span<byte> one = bytes.AsSpan(at, batch.Bytes.Length);
            BinaryPrimitives.WriteUInt32BigEndian(one[CrcAt..], Crc32C.Compute(one[(CrcAt + sizeof(uint))..]));
        }

        using IDiskFile file = disk.OpenExisting(path)!;
        file.Write(0, bytes);
    }
}
