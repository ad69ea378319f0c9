using System.Globalization;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Exchange;

/// <summary>
/// The same requests to whatever runs: all codecs, transactions, compaction, retention, DeleteRecords and a group's offsets, in three
/// parts, each of which goes on where the one before has left off.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="start">The first timestamp, in milliseconds since 1970. It is recent: producers that have been silent for a day are
/// forgotten.</param>
internal sealed class Life(ExchangedNode node, long start)
{
    /// <summary>The group.</summary>
    public const string Group = "life-group";

    /// <summary>The ratio above which a log is cleaned: none is dirtier than whole.</summary>
    private const string NeverCleaned = "1.0";

    private const int Keys = 37;
    private const long Deleted = 31;

    private readonly LifeProducer _plain = new();
    private readonly LifeProducer _idempotent = new();
    private readonly LifeProducer _committing = new("life-committing");
    private readonly LifeProducer _aborting = new("life-aborting");
    private readonly LifeProducer _open = new("life-open");
    private byte[] _last = [];
    private int _batches;
    private int _values;

    /// <summary>The transactional ids.</summary>
    public static IReadOnlyList<string> TransactionalIds { get; } = ["life-committing", "life-aborting", "life-open"];

    private Peer Peer => node.Peer;

    /// <summary>The first part: it ends with an open transaction.</summary>
    public async Task BeginAsync()
    {
        foreach (LifeProducer producer in (LifeProducer[])[_idempotent, _committing, _aborting, _open])
        {
            await producer.InitAsync(Peer);
        }

        await CreateAsync(LifeTopics.Codecs);
        await CreateAsync(LifeTopics.Transactions);
        await CreateAsync(
            LifeTopics.Compacted,
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", NeverCleaned),
            ("max.message.bytes", "2000000")
        );
        await CreateAsync(LifeTopics.Retained);
        await FillCodecsAsync(60);
        await DeleteBeforeAsync(Deleted);
        await FillTransactionsAsync();
        await FillCompactedAsync();
        await RetainAsync(5);
        await CommitOffsetAsync(17);
        await UntilCheckpointAsync("log-start-offset-checkpoint", LifeTopics.Codecs, Deleted);
        await _open.AddAsync(Peer, LifeTopics.Transactions);
        await SendAsync(_open, LifeTopics.Transactions, "left open", 1000);
    }

    /// <summary>
    /// The second: duplicates and gaps are known, the open transaction is committed, each topic goes on, and another transaction stays
    /// open.
    /// </summary>
    public async Task GoOnAsync()
    {
        await MustKnowTheLastBatchAsync();
        await FillCodecsAsync(10);
        await SendAsync(_open, LifeTopics.Transactions, "committed by the other", 200_000);
        await _open.EndAsync(Peer, commits: true);
        await _aborting.InitAsync(Peer);
        await FillTransactionsAsync();
        await FillCompactedAsync();
        await RetainAsync(2);
        await DeleteBeforeAsync(Deleted + 20);
        await CommitOffsetAsync(18);
        await UntilCheckpointAsync("log-start-offset-checkpoint", LifeTopics.Codecs, Deleted + 20);
        await _aborting.AddAsync(Peer, LifeTopics.Transactions);
        await SendAsync(_aborting, LifeTopics.Transactions, "left open again", 1000);
    }

    /// <summary>
    /// The third: what the second has left open is aborted by the producer's next epoch, and everything takes records still.
    /// </summary>
    public async Task EndAsync()
    {
        await MustKnowTheLastBatchAsync();
        await _aborting.InitAsync(Peer);
        await FillCodecsAsync(5);
        await FillTransactionsAsync();
        await CommitOffsetAsync(19);
    }

    private async Task CreateAsync(string topic, params (string Key, string Value)[] configs)
    {
        await Peer.AskAsync(
            Topics.Request(topic, 1, [.. configs, ("segment.bytes", $"{LifeTopics.SegmentBytes}"), ("index.interval.bytes", "4096")])
        );
        await Topics.UntilLedAsync(Peer, topic, 1);
    }

    private async Task FillCodecsAsync(int count)
    {
        CompressionType[] codecs = Enum.GetValues<CompressionType>();
        for (int i = 0; i < count; i++, _batches++)
        {
            // Text that no codec makes small, so that segments of compressed batches roll too.
            string text = Convert.ToBase64String(Pseudorandom(_batches, 15_000));
            _last = await _idempotent.SendAsync(
                Peer,
                LifeTopics.Codecs,
                codecs[_batches % codecs.Length],
                start + (_batches * 5000L),
                ($"a{_batches}", text),
                ($"b{_batches}", null),
                ($"c{_batches}", text)
            );
        }
    }

    private async Task FillTransactionsAsync()
    {
        foreach (LifeProducer producer in (LifeProducer[])[_committing, _aborting])
        {
            await producer.AddAsync(Peer, LifeTopics.Transactions);
        }

        await SendAsync(_committing, LifeTopics.Transactions, "committed", 300_000);
        await SendAsync(_aborting, LifeTopics.Transactions, "aborted", 300_000);
        await SendAsync(_plain, LifeTopics.Transactions, "between", 300_000);
        await _committing.CommitOffsetAsync(Peer, Group, _batches);
        await _committing.EndAsync(Peer, commits: true);
        await SendAsync(_aborting, LifeTopics.Transactions, "aborted in the next segment", 300_000);
        await SendAsync(_aborting, LifeTopics.Transactions, "aborted", 10_000);
        await _aborting.EndAsync(Peer, commits: false);
        await SendAsync(_plain, LifeTopics.Transactions, "after", 1000);
        await _aborting.AddAsync(Peer, LifeTopics.Transactions);
        await SendAsync(_aborting, LifeTopics.Transactions, "aborted alone", 1000);
        await _aborting.EndAsync(Peer, commits: false);
    }

    /// <summary>Appends, and has all of it cleaned in one pass: what a batch looks like tells how many passes have seen it.</summary>
    private async Task FillCompactedAsync()
    {
        await AlterAsync(LifeTopics.Compacted, "min.cleanable.dirty.ratio", NeverCleaned);
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            for (int batch = 0; batch < 6; batch++, _values += 10)
            {
                await _idempotent.SendAsync(
                    Peer,
                    LifeTopics.Compacted,
                    codec,
                    start + _values,
                    [.. Enumerable.Range(_values, 10).Select(n => ($"{codec}-{n * 7 % Keys}", n % 9 == 0 ? null : $"value {n}"))]
                );
            }

            LifeProducer inTransaction = codec == CompressionType.Zstd ? _committing : _aborting;
            await inTransaction.AddAsync(Peer, LifeTopics.Compacted);
            await inTransaction.SendAsync(
                Peer,
                LifeTopics.Compacted,
                codec,
                start + _values,
                ($"{codec}-1", "in a transaction"),
                ($"{codec}-alone", null)
            );
            await inTransaction.EndAsync(Peer, commits: codec == CompressionType.Zstd);
        }

        // Each ends a segment: what comes before the last of them may be cleaned.
        long dirtyFrom = 0;
        for (int i = 0; i < 2; i++)
        {
            dirtyFrom = await LatestAsync(LifeTopics.Compacted);
            await SendAsync(_plain, LifeTopics.Compacted, "filler", LifeTopics.SegmentBytes - 1000);
        }

        await AlterAsync(LifeTopics.Compacted, "min.cleanable.dirty.ratio", "0.01");
        await UntilCheckpointAsync("cleaner-offset-checkpoint", LifeTopics.Compacted, dirtyFrom);

        // What lies above the recovery point is read anew after a kill, by Kafka as by RaftLog: from batches of which the cleaner has taken
        // the aborted ones nobody learns any more where their transactions began.
        await UntilCheckpointAsync("recovery-point-offset-checkpoint", LifeTopics.Compacted, dirtyFrom);
    }

    /// <summary>Appends segments of one batch each, and lets the size limit delete as many as lie above it.</summary>
    private async Task RetainAsync(int segments)
    {
        await AlterAsync(LifeTopics.Retained, "retention.bytes", "-1");
        for (int i = 0; i < segments; i++)
        {
            await SendAsync(_plain, LifeTopics.Retained, $"segment {i}", 700_000);
        }

        long before = await OffsetAsync(LifeTopics.Retained, -2);
        await AlterAsync(LifeTopics.Retained, "retention.bytes", "1500000");
        await Poll.UntilAsync($"{Peer.Name} deletes segments", async () => await OffsetAsync(LifeTopics.Retained, -2) > before);
    }

    private async Task MustKnowTheLastBatchAsync()
    {
        long end = await LatestAsync(LifeTopics.Codecs);
        ProduceResponse.PartitionProduceResponse again = await _idempotent.SendAgainAsync(Peer, LifeTopics.Codecs, _last);
        Assert.Equal((ErrorCode.None, end - 3), (again.ErrorCode, again.BaseOffset.Value));
        ProduceResponse.PartitionProduceResponse gap = await _idempotent.SendGapAsync(Peer, LifeTopics.Codecs);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, gap.ErrorCode);
        Assert.Equal(end, await LatestAsync(LifeTopics.Codecs));
    }

    private async Task DeleteBeforeAsync(long offset)
    {
        DeleteRecordsResponse response = await Peer.AskAsync(
            new DeleteRecordsRequest
            {
                TimeoutMs = 10_000,
                Topics = [new() { Name = LifeTopics.Codecs, Partitions = [new() { PartitionIndex = 0, Offset = new(offset) }] }],
            }
        );
        Assert.Equal(
            (ErrorCode.None, offset),
            (response.Topics[0].Partitions[0].ErrorCode, response.Topics[0].Partitions[0].LowWatermark.Value)
        );
    }

    private async Task CommitOffsetAsync(long offset)
    {
        await Coordinators.UntilKnownAsync(Peer, Group);
        OffsetCommitResponse response = await Peer.AskAsync(
            new OffsetCommitRequest
            {
                GroupId = Group,
                MemberId = "",
                Topics =
                [
                    new()
                    {
                        Name = LifeTopics.Codecs,
                        Partitions =
                        [
                            new()
                            {
                                PartitionIndex = 0,
                                CommittedOffset = new(offset),
                                CommittedMetadata = "m",
                            },
                        ],
                    },
                ],
            },
            9
        );
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
    }

    private Task SendAsync(LifeProducer producer, string topic, string key, int length) =>
        producer.SendAsync(Peer, topic, CompressionType.None, start + _batches, (key, new string('x', length)));

    private async Task AlterAsync(string topic, string key, string value)
    {
        IncrementalAlterConfigsResponse response = await Peer.AskAsync(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = 2,
                        ResourceName = topic,
                        Configs = [new() { Name = key, Value = value }],
                    },
                ],
            }
        );
        Assert.Equal(ErrorCode.None, response.Responses[0].ErrorCode);
    }

    private Task<long> LatestAsync(string topic) => OffsetAsync(topic, -1);

    private async Task<long> OffsetAsync(string topic, long time) =>
        (await Observation.OffsetsAsync(Peer, topic, time, isolation: 0)).Offset.Value;

    private Task UntilCheckpointAsync(string file, string topic, long offset) =>
        Poll.UntilAsync(
            $"{Peer.Name} notes {offset} of {topic} in {file}",
            () =>
            {
                string path = Path.Combine(node.Data, file);
                string? line = File.Exists(path)
                    ? Array.Find(File.ReadAllLines(path), each => each.StartsWith($"{topic} 0 ", StringComparison.Ordinal))
                    : null;
                return line is not null && long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) >= offset;
            }
        );

    private static byte[] Pseudorandom(int seed, int length)
    {
        byte[] bytes = new byte[length];
        uint state = (uint)seed + 1;
        for (int i = 0; i < length; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            bytes[i] = (byte)state;
        }

        return bytes;
    }
}
