using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>A producer with a transactional id on both nodes, whose requests a script may bend.</summary>
/// <param name="id">The transactional id.</param>
/// <param name="timeoutMs">How long its transactions may be open.</param>
internal sealed class TransactionalProducer(string id, int timeoutMs = 60_000)
{
    private readonly Dictionary<Peer, ProducerStamp> _stamps = [];

    /// <summary>The transactional id.</summary>
    public string Id => id;

    /// <summary>The producer that the node has given to the id.</summary>
    public ProducerStamp On(Peer peer) => _stamps[peer];

    /// <summary>Another program with the same id: what it does, this one does not know.</summary>
    public TransactionalProducer Another() => new(id, timeoutMs);

    /// <summary>Gets its producer on both nodes, once their coordinators are there.</summary>
    public async Task BeginAsync(BothNodes nodes)
    {
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Poll.UntilAsync(
                $"{peer.Name} coordinates {id}",
                async () =>
                {
                    await peer.AskAsync(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [id] });
                    return (await InitAsync(peer)).ErrorCode == ErrorCode.None;
                }
            );
        }
    }

    /// <summary>Asks for a producer and takes it.</summary>
    public async Task<InitProducerIdResponse> InitAsync(Peer peer)
    {
        InitProducerIdResponse response = await peer.AskAsync(
            new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = timeoutMs },
            5
        );
        if (response.ErrorCode == ErrorCode.None)
        {
            _stamps[peer] = new ProducerStamp(response.ProducerId, response.ProducerEpoch, 0);
        }

        return response;
    }

    /// <summary>Adds a partition of a topic, as a client does.</summary>
    public AddPartitionsToTxnRequest Add(Peer peer, string topic, params int[] partitions) =>
        new()
        {
            V3AndBelowTransactionalId = id,
            V3AndBelowProducerId = On(peer).Id,
            V3AndBelowProducerEpoch = On(peer).Epoch,
            V3AndBelowTopics = [new() { Name = topic, Partitions = [.. partitions] }],
        };

    /// <summary>Ends the transaction.</summary>
    public EndTxnRequest End(Peer peer, bool commits) =>
        new()
        {
            TransactionalId = id,
            ProducerId = On(peer).Id,
            ProducerEpoch = On(peer).Epoch,
            Committed = commits,
        };

    /// <summary>Adds a group's offsets.</summary>
    public AddOffsetsToTxnRequest AddOffsets(Peer peer, string group) =>
        new()
        {
            TransactionalId = id,
            ProducerId = On(peer).Id,
            ProducerEpoch = On(peer).Epoch,
            GroupId = group,
        };

    /// <summary>Commits an offset with the transaction.</summary>
    public TxnOffsetCommitRequest Commit(Peer peer, string group, string topic, int partition = 0) =>
        new()
        {
            TransactionalId = id,
            GroupId = group,
            ProducerId = On(peer).Id,
            ProducerEpoch = On(peer).Epoch,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = partition,
                            CommittedOffset = new(7),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    /// <summary>Writes a batch to partition 0 of a topic that is in the transaction.</summary>
    public Task<ProduceResponse> WriteAsync(Peer peer, string topic, short version = 11)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 16, CompressionType.None)) { Producer = On(peer) };
        builder.Attributes = builder.Attributes.AsTransactional();
        builder.TryAppend(RawBatches.FirstTimestamp, NullableBytes.Null, "a"u8);
        ProduceRequest request = Topics.Produce(topic, 0, builder.Seal().ToArray());
        request.TransactionalId = id;
        return peer.AskAsync(request, version);
    }

    /// <summary>
    /// Ends the transaction and waits until its markers are written, so that what follows finds the same state on both nodes.
    /// </summary>
    public async Task<EndTxnResponse> EndAndWaitAsync(Peer peer, bool commits, short version = 4)
    {
        EndTxnResponse response = await peer.AskVersionAsync(End(peer, commits), version);
        await UntilAsync(peer, commits ? "CompleteCommit" : "CompleteAbort");
        return response;
    }

    /// <summary>Waits for a state.</summary>
    public Task UntilAsync(Peer peer, string state) =>
        Poll.UntilAsync(
            $"{id} is {state} on {peer.Name}",
            async () =>
                (await peer.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [id] })).TransactionStates[0].TransactionState
                == state
        );
}
