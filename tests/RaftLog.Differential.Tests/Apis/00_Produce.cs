using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Appending records.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ProduceTests(BothNodes nodes)
{
    private const string Topic = "produce";
    private const short VersionOfIds = 13;

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        await Topics.CreateAsync(nodes, Topic, partitions: 2);
        await Topics.CreateAsync(nodes, "produce-stamped", 1, ("message.timestamp.type", "LogAppendTime"));
        await Topics.CreateAsync(nodes, "produce-compacted", 1, ("cleanup.policy", "compact"));
        await Topics.CreateAsync(nodes, "produce-small", 1, ("max.message.bytes", "200"));
        await Topics.CreateAsync(nodes, "produce-strict", 1, ("min.insync.replicas", "2"));
        await Script.CompareAsync(
            nodes,
            "Produce",
            [
                Case.Of("to the leader", p => p.AskAsync(Topics.Produce(Topic, 0, RawBatches.Of("a", "b")), 12)),
                Case.Of("again, acks 1, oldest version", p => p.AskVersionAsync(Topics.Produce(Topic, 0, RawBatches.Of("c"), acks: 1), 3)),
                .. nodes.Speak(ApiKey.Produce, VersionOfIds) ? ById() : [],
                Case.Of("to an unknown topic", p => p.AskAsync(Topics.Produce("produce-unknown", 0, RawBatches.Of("e")), 12)),
                Case.Of("to an unknown partition", p => p.AskAsync(Topics.Produce(Topic, 7, RawBatches.Of("e")), 12)),
                Case.Of("with acks 2", p => p.AskAsync(Topics.Produce(Topic, 0, RawBatches.Of("e"), acks: 2), 12)),
                Case.Of("with a broken checksum", p => p.AskAsync(Topics.Produce(Topic, 0, Damaged(RawBatches.Of("f"), position: 20)), 12)),
                Case.Of("without records", p => p.AskAsync(Topics.Produce(Topic, 0, null), 12)),
                Case.Of("with empty records", p => p.AskAsync(Topics.Produce(Topic, 0, []), 12)),
                Case.Of("with half a batch", p => p.AskAsync(Topics.Produce(Topic, 0, RawBatches.Of("half a batch")[..50]), 12)),
                Case.Of("with two batches", p => p.AskAsync(Topics.Produce(Topic, 0, [.. RawBatches.Of("g"), .. RawBatches.Of("h")]), 12)),
                Case.Of(
                    "above the topic's size",
                    p => p.AskAsync(Topics.Produce("produce-small", 0, RawBatches.Of(new string('x', 300))), 12)
                ),
                Case.Of(
                    "without key to a compacted topic",
                    p => p.AskAsync(Topics.Produce("produce-compacted", 0, RawBatches.Of("a", "b")), 12)
                ),
                Case.Of("to a topic that stamps", p => p.AskAsync(Topics.Produce("produce-stamped", 0, RawBatches.Of("a")), 12)),
                Case.Of("with too few replicas in sync", p => p.AskAsync(Topics.Produce("produce-strict", 0, RawBatches.Of("a")), 12)),
                Case.Of(
                    "with too few replicas in sync, acks 1",
                    p => p.AskAsync(Topics.Produce("produce-strict", 0, RawBatches.Of("a"), acks: 1), 12)
                ),
                Case.Of("first of a producer", p => Stamped(p, new(new(4711), new(0), 0), "a", "b")),
                Case.Of("next of a producer", p => Stamped(p, new(new(4711), new(0), 2), "c")),
                Case.Of("a repetition", p => Stamped(p, new(new(4711), new(0), 0), "a", "b")),
                Case.Of("a gap in sequences", p => Stamped(p, new(new(4711), new(0), 9), "d")),
                Case.Of("a newer epoch that does not start at 0", p => Stamped(p, new(new(4711), new(1), 5), "d")),
                Case.Of("a newer epoch", p => Stamped(p, new(new(4711), new(1), 0), "d")),
                Case.Of("an older epoch", p => Stamped(p, new(new(4711), new(0), 3), "e")),
                Case.Of("an unknown producer in the middle", p => Stamped(p, new(new(4712), new(0), 5), "e")),
                Case.Of("an unknown codec", p => p.AskAsync(Topics.Produce(Topic, 0, WithCodec(RawBatches.Of("f"), 7)), 12)),
                Case.Of("lz4 with linked blocks", p => p.AskAsync(Topics.Produce(Topic, 0, Linked()), 12)),
                Case.Of("transactional outside a transaction", p => p.AskAsync(Topics.Produce(Topic, 0, Transactional()), 12)),
                Case.Of(
                    "gzip",
                    p =>
                        p.AskAsync(
                            Topics.Produce(
                                Topic,
                                0,
                                RawBatches.Of(ProducerStamp.None, CompressionType.Gzip, RawBatches.FirstTimestamp, "z", "z", "z")
                            ),
                            12
                        )
                ),
            ]
        );
    }

    private static Case[] ById() =>
        [
            Case.Of("by topic id", async p => await p.AskAsync(ById(await p.TopicIdAsync(Topic), 1, RawBatches.Of("d")))),
            Case.Of("by an unknown topic id", p => p.AskAsync(ById(new Uuid(1, 2), 0, RawBatches.Of("d")))),
        ];

    private static Task<ProduceResponse> Stamped(Peer peer, ProducerStamp stamp, params string[] values) =>
        peer.AskAsync(Topics.Produce(Topic, 1, RawBatches.Of(stamp, values)), 12);

    private static ProduceRequest ById(Uuid id, int partition, byte[] records) =>
        new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { TopicId = id, PartitionData = [new() { Index = partition, Records = records }] }],
        };

    private static byte[] Damaged(byte[] batch, int position)
    {
        batch[^position] ^= 0x55;
        return batch;
    }

    private static byte[] WithCodec(byte[] batch, byte codec)
    {
        const int AttributesLow = 22;
        const int Checksum = 17;
        const int Covered = 21;
        batch[AttributesLow] = codec;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(Checksum), Crc32C.Compute(batch.AsSpan(Covered)));
        return batch;
    }

    private static byte[] Linked()
    {
        byte[] batch = RawBatches.Of(ProducerStamp.None, CompressionType.Lz4, RawBatches.FirstTimestamp, "z", "z", "z");
        Lz4Frames.Link(batch.AsSpan(RecordBatch.HeaderSize));
        return WithCodec(batch, (byte)CompressionType.Lz4);
    }

    private static byte[] Transactional()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 16))
        {
            Producer = new(new(4713), new(0), 0),
            Attributes = default(BatchAttributes).AsTransactional(),
        };
        builder.TryAppend(RawBatches.FirstTimestamp, NullableBytes.Null, "t"u8.ToArray());
        return builder.Seal().ToArray();
    }
}
