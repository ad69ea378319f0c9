using System.Text;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Logs;

/// <summary>
/// What both cleaners keep of one history is the same, batch by batch: offsets, sequences, flags, timestamps, tombstones and empty batches.
/// </summary>
[Collection(BothNodesCollection.Name)]
public sealed class CompactionTests(BothNodes nodes)
{
    private const string Topic = "compacted-history";
    private const long FirstTimestamp = 1_700_000_000_000;
    private const sbyte ClusterType = 4;
    private const int SegmentBytes = 1 << 20;

    [KafkaFact]
    public async Task Both_keep_the_same_of_one_history()
    {
        await Topics.CreateAsync(
            nodes,
            Topic,
            1,
            ("cleanup.policy", "compact"),
            ("segment.bytes", $"{SegmentBytes}"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("max.message.bytes", "2000000")
        );
        List<string> kafka = await HistoryOfAsync(nodes.Kafka);
        List<string> subject = await HistoryOfAsync(nodes.Subject);
        Assert.Equal(kafka, subject);
        Assert.Contains(kafka, line => line.Contains("count 0", StringComparison.Ordinal));
        Assert.Contains(kafka, line => line.Contains("horizon", StringComparison.Ordinal));
    }

    private static async Task<List<string>> HistoryOfAsync(Peer peer)
    {
        await peer.AskAsync(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = ClusterType,
                        ResourceName = "",
                        Configs = [new() { Name = "log.cleaner.backoff.ms", Value = "200" }],
                    },
                ],
            }
        );
        // Nothing is left of this producer but its sequence.
        await ProduceAsync(
            peer,
            CompressionType.Lz4,
            new ProducerStamp(new ProducerId(2000), new ProducerEpoch(0), 0),
            [("once", "1"), ("once", "2")]
        );
        await ProduceAsync(peer, CompressionType.None, ProducerStamp.None, [("once", "3")]);
        int sequence = 0;
        int written = 3;
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            for (int batch = 0; batch < 12; batch++)
            {
                const int Records = 10;
                ProducerStamp stamp = new(new ProducerId(1000 + (batch % 3)), new ProducerEpoch(0), (sequence++ / 3) * Records);
                await ProduceAsync(
                    peer,
                    codec,
                    stamp,
                    Enumerable.Range(written, Records).Select(n => ($"{codec}-{n * 7 % 43}", n % 9 == 0 ? null : $"value {n}"))
                );
                written += Records;
            }
        }

        // Two batches that end a segment each: what comes before them may be cleaned.
        for (int i = 0; i < 2; i++)
        {
            await ProduceAsync(peer, CompressionType.None, ProducerStamp.None, [("filler", new string('x', SegmentBytes - 1000))]);
        }

        int before = written;
        return await Poll.ForAsync(
            $"{peer.Name} to compact",
            async () =>
            {
                List<string> lines = await BatchText.ReadAsync(peer, Topic, 0, written);
                return lines.Count(line => line.StartsWith(' ')) < before ? lines : null;
            }
        );
    }

    private static async Task ProduceAsync(
        Peer peer,
        CompressionType codec,
        ProducerStamp stamp,
        IEnumerable<(string Key, string? Value)> records
    )
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(2 * SegmentBytes, codec)) { Producer = stamp };
        int count = 0;
        foreach ((string key, string? value) in records)
        {
            NullableBytes bytes = value is null ? NullableBytes.Null : new NullableBytes(Encoding.UTF8.GetBytes(value));
            Assert.True(builder.TryAppend(FirstTimestamp + count++, Encoding.UTF8.GetBytes(key), bytes));
        }

        ProduceResponse response = await peer.AskAsync(Topics.Produce(Topic, 0, builder.Seal().ToArray()), highestVersion: 12);
        Assert.Equal(ErrorCode.None, response.Responses[0].PartitionResponses[0].ErrorCode);
    }
}
