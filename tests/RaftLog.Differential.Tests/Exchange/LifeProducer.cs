using System.Text;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Exchange;

/// <summary>
/// A producer that goes on while the node under it changes: idempotent, and with transactions where it has a transactional id.
/// </summary>
internal sealed class LifeProducer(string? transactionalId = null)
{
    private const int MostBytes = 2 * LifeTopics.SegmentBytes;

    private readonly Dictionary<string, int> _sequences = [];
    private ProducerStamp _stamp = ProducerStamp.None;

    /// <summary>Gets an id, or a new epoch of it; what was open is aborted.</summary>
    public async Task InitAsync(Peer peer)
    {
        if (transactionalId is not null)
        {
            await Poll.UntilAsync(
                $"{peer.Name} coordinates {transactionalId}",
                async () =>
                    (await peer.AskAsync(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [transactionalId] }))
                        .Coordinators[0]
                        .ErrorCode == ErrorCode.None
            );
        }

        await Poll.UntilAsync(
            $"{peer.Name} gives an id to {transactionalId ?? "a producer"}",
            async () =>
            {
                InitProducerIdResponse response = await peer.AskAsync(
                    new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = 600_000 },
                    5
                );
                _stamp = new ProducerStamp(response.ProducerId, response.ProducerEpoch, 0);
                return response.ErrorCode == ErrorCode.None;
            }
        );
        _sequences.Clear();
    }

    /// <summary>Takes a topic's partition into the transaction.</summary>
    public async Task AddAsync(Peer peer, string topic)
    {
        AddPartitionsToTxnResponse response = await peer.AskAsync(
            new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = transactionalId!,
                V3AndBelowProducerId = _stamp.Id,
                V3AndBelowProducerEpoch = _stamp.Epoch,
                V3AndBelowTopics = [new() { Name = topic, Partitions = [0] }],
            },
            3
        );
        Assert.Equal(ErrorCode.None, response.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode);
    }

    /// <summary>Appends a batch and returns its bytes, as they may be sent again.</summary>
    public async Task<byte[]> SendAsync(
        Peer peer,
        string topic,
        CompressionType codec,
        long timestamp,
        params (string Key, string? Value)[] records
    )
    {
        byte[] batch = Build(_sequences.GetValueOrDefault(topic), codec, timestamp, records);
        _sequences[topic] = _sequences.GetValueOrDefault(topic) + records.Length;
        ProduceResponse.PartitionProduceResponse response = await SendAgainAsync(peer, topic, batch);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return batch;
    }

    /// <summary>Sends a batch that leaves out a sequence number.</summary>
    public Task<ProduceResponse.PartitionProduceResponse> SendGapAsync(Peer peer, string topic) =>
        SendAgainAsync(
            peer,
            topic,
            Build(_sequences.GetValueOrDefault(topic) + 1, CompressionType.None, RawBatches.FirstTimestamp, [("gap", "")])
        );

    /// <summary>Sends the bytes of a batch.</summary>
    public async Task<ProduceResponse.PartitionProduceResponse> SendAgainAsync(Peer peer, string topic, byte[] batch)
    {
        ProduceRequest request = Topics.Produce(topic, 0, batch);
        request.TransactionalId = transactionalId;
        ProduceResponse response = await peer.AskAsync(request, highestVersion: 11);
        return response.Responses[0].PartitionResponses[0];
    }

    /// <summary>Commits an offset of a group with the transaction.</summary>
    public async Task CommitOffsetAsync(Peer peer, string group, long offset)
    {
        await Coordinators.UntilKnownAsync(peer, group);
        AddOffsetsToTxnResponse added = await peer.AskAsync(
            new AddOffsetsToTxnRequest
            {
                TransactionalId = transactionalId!,
                ProducerId = _stamp.Id,
                ProducerEpoch = _stamp.Epoch,
                GroupId = group,
            },
            3
        );
        Assert.Equal(ErrorCode.None, added.ErrorCode);
        TxnOffsetCommitResponse committed = await peer.AskAsync(
            new TxnOffsetCommitRequest
            {
                TransactionalId = transactionalId!,
                GroupId = group,
                ProducerId = _stamp.Id,
                ProducerEpoch = _stamp.Epoch,
                Topics =
                [
                    new()
                    {
                        Name = LifeTopics.Transactions,
                        Partitions =
                        [
                            new()
                            {
                                PartitionIndex = 0,
                                CommittedOffset = new(offset),
                                CommittedMetadata = "by a transaction",
                            },
                        ],
                    },
                ],
            },
            3
        );
        Assert.Equal(ErrorCode.None, committed.Topics[0].Partitions[0].ErrorCode);
    }

    /// <summary>Ends the transaction and waits for its markers.</summary>
    public async Task EndAsync(Peer peer, bool commits)
    {
        EndTxnResponse response = await peer.AskAsync(
            new EndTxnRequest
            {
                TransactionalId = transactionalId!,
                ProducerId = _stamp.Id,
                ProducerEpoch = _stamp.Epoch,
                Committed = commits,
            },
            4
        );
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        await UntilAsync(peer, commits ? "CompleteCommit" : "CompleteAbort");
    }

    /// <summary>Waits for a state of the transaction.</summary>
    public Task UntilAsync(Peer peer, string state) =>
        Poll.UntilAsync(
            $"{transactionalId} is {state} on {peer.Name}",
            async () =>
                (await peer.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [transactionalId!] }))
                    .TransactionStates[0]
                    .TransactionState == state
        );

    private byte[] Build(int sequence, CompressionType codec, long timestamp, (string Key, string? Value)[] records)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(MostBytes, codec))
        {
            Producer = _stamp == ProducerStamp.None ? _stamp : _stamp with { BaseSequence = sequence },
        };
        if (transactionalId is not null)
        {
            builder.Attributes = builder.Attributes.AsTransactional();
        }

        for (int i = 0; i < records.Length; i++)
        {
            NullableBytes value = records[i].Value is { } text ? new NullableBytes(Encoding.UTF8.GetBytes(text)) : NullableBytes.Null;
            Assert.True(builder.TryAppend(timestamp + i, Encoding.UTF8.GetBytes(records[i].Key), value));
        }

        return builder.Seal().ToArray();
    }
}
