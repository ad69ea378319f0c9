using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// One incarnation of a transactional producer that speaks the protocol itself: what it is told is exactly what the cluster said. Whatever
/// has no clear outcome is tried again until its patience ends; then the session is over.
/// </summary>
internal sealed class TransactionSession
{
    private const int BatchLimit = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private readonly ProgramWorld _world;
    private readonly CoordinatorRequests _coordinators;
    private readonly PartitionCalls _leaders;
    private readonly TransactionProtocol _protocol;
    private readonly TransactionLog _log;
    private readonly SortedDictionary<TopicPartition, int> _sequences = [];
    private readonly SortedSet<TopicPartition> _added = [];
    private readonly ProducerSession _session;
    private ProducerStamp _stamp;
    private ProducerStamp _before = ProducerStamp.None;
    private ClientTransaction? _transaction;

    private TransactionSession(
        ProgramWorld world,
        CoordinatorRequests coordinators,
        PartitionCalls leaders,
        TransactionProtocol protocol,
        TransactionLog log,
        ProducerSession session,
        ProducerStamp stamp
    )
    {
        _world = world;
        _coordinators = coordinators;
        _leaders = leaders;
        _protocol = protocol;
        _log = log;
        _session = session;
        _stamp = stamp;
    }

    /// <summary>False when nothing more can be done with it: another incarnation must begin.</summary>
    internal bool IsUsable { get; private set; } = true;

    /// <summary>Gets an id and fences the earlier incarnations; null when it does not succeed for now.</summary>
    internal static async Task<TransactionSession?> OpenAsync(
        ProgramWorld world,
        CoordinatorRequests coordinators,
        PartitionCalls leaders,
        TransactionProtocol protocol,
        TransactionLog log,
        string transactionalId,
        TimeSpan timeout
    )
    {
        long invoked = world.NowUs();
        CallResult<InitProducerIdResponse> told = await coordinators.CallAsync(
            CoordinatorKind.Transaction,
            transactionalId,
            new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = (int)timeout.TotalMilliseconds },
            static response => response.ErrorCode,
            highestVersion: 5
        );
        if (!told.IsDone)
        {
            return null;
        }

        ProducerSession session = new(transactionalId, log.NextSession(), invoked, world.NowUs());
        log.Add(session);
        return new TransactionSession(
            world,
            coordinators,
            leaders,
            protocol,
            log,
            session,
            new ProducerStamp(told.Response!.ProducerId, told.Response.ProducerEpoch, ProducerStamp.NoSequence)
        );
    }

    /// <summary>Begins a transaction.</summary>
    internal void Begin()
    {
        _transaction = _log.Begin(_session);
        _added.Clear();
    }

    /// <summary>Sends records to one partition in one batch; false when the transaction cannot be committed any more.</summary>
    internal async Task<bool> SendAsync(TopicPartition partition, IReadOnlyList<(long Amount, (TopicPartition, Offset)? Source)> records)
    {
        if (_protocol.AddsFirst && !_added.Contains(partition) && !await AddAsync(partition))
        {
            return false;
        }

        _added.Add(partition);
        List<SentRecord> sent = [];
        foreach ((long amount, (TopicPartition, Offset)? source) in records)
        {
            sent.Add(NewRecord(partition, _transaction!, amount, source));
        }

        byte[] batch = Batch(partition, sent, _stamp);
        return await InsistAsync(async () =>
        {
            CallResult<ProduceResponse.PartitionProduceResponse> told = await _leaders.ProduceAsync(
                partition,
                _session.TransactionalId,
                batch,
                _protocol.Produce
            );
            if (told.IsDone)
            {
                _sequences[partition] = _sequences.GetValueOrDefault(partition) + sent.Count;
                for (int i = 0; i < sent.Count && told.Response!.BaseOffset >= Offset.Zero; i++)
                {
                    _log.Place(sent[i] with { Offset = told.Response.BaseOffset + i, CompletedUs = _world.NowUs() });
                }
            }

            return (told.Error, told.IsOpen || !told.WasSent);
        });
    }

    /// <summary>Commits offsets of a group with the transaction; false when the transaction cannot be committed any more.</summary>
    internal async Task<bool> CommitOffsetsAsync(string group, string member, int generation, TopicPartition partition, Offset offset)
    {
        if (
            _protocol.AddsFirst
            && !await InsistAsync(async () =>
            {
                CallResult<AddOffsetsToTxnResponse> added = await _coordinators.CallAsync(
                    CoordinatorKind.Transaction,
                    _session.TransactionalId,
                    new AddOffsetsToTxnRequest
                    {
                        TransactionalId = _session.TransactionalId,
                        ProducerId = _stamp.Id,
                        ProducerEpoch = _stamp.Epoch,
                        GroupId = group,
                    },
                    static response => response.ErrorCode,
                    highestVersion: 3
                );
                return (added.Error, added.IsOpen || !added.WasSent);
            })
        )
        {
            return false;
        }

        return await InsistAsync(async () =>
        {
            CallResult<TxnOffsetCommitResponse> told = await _coordinators.CallAsync(
                CoordinatorKind.Group,
                group,
                new TxnOffsetCommitRequest
                {
                    TransactionalId = _session.TransactionalId,
                    GroupId = group,
                    ProducerId = _stamp.Id,
                    ProducerEpoch = _stamp.Epoch,
                    GenerationId = generation,
                    MemberId = member,
                    Topics =
                    [
                        new()
                        {
                            Name = partition.Topic,
                            Partitions =
                            [
                                new()
                                {
                                    PartitionIndex = partition.Partition,
                                    CommittedOffset = offset,
                                    CommittedMetadata = "",
                                },
                            ],
                        },
                    ],
                },
                static response => response.Topics[0].Partitions[0].ErrorCode,
                _protocol.TxnOffsetCommit
            );
            return (told.Error, told.IsOpen || !told.WasSent);
        });
    }

    /// <summary>Ends the transaction; true when it was told to be committed.</summary>
    internal async Task<bool> EndAsync(bool commits)
    {
        ClientTransaction transaction = _transaction!;
        if (commits)
        {
            transaction = transaction with { CommitInvokedUs = _world.NowUs(), Outcome = SendOutcome.Unknown };
            _log.Update(transaction);
        }

        bool mayBeDone = false;
        _before = _stamp;
        bool isDone = await InsistAsync(async () =>
        {
            CallResult<EndTxnResponse> told = await EndOnceAsync(_stamp, commits);
            if (told.IsDone && told.Response!.ProducerId.IsPresent && !_protocol.AddsFirst)
            {
                _stamp = new ProducerStamp(told.Response.ProducerId, told.Response.ProducerEpoch, ProducerStamp.NoSequence);
                _sequences.Clear();
            }

            bool isRejected = !told.IsDone && !told.IsOpen && !mayBeDone && !IsTransient(told.Error) && told.WasSent;
            mayBeDone |= told.IsOpen;
            if (commits && (told.IsDone || isRejected))
            {
                transaction = transaction with
                {
                    Outcome = told.IsDone ? SendOutcome.Acknowledged : SendOutcome.Rejected,
                    CompletedUs = _world.NowUs(),
                };
                _log.Update(transaction);
            }

            return (told.Error, told.IsOpen || !told.WasSent);
        });
        _transaction = null;

        // A copy that is still on its way would end the next transaction of the same epoch, which KIP-890 has mended.
        IsUsable &= !(_protocol.AddsFirst && mayBeDone);
        return isDone && commits;
    }

    /// <summary>
    /// Asks again for the end of the transaction before this one, as a request does that was on its way for long. Only where each
    /// transaction has its own epoch.
    /// </summary>
    internal async Task RepeatLastEndAsync(bool commits)
    {
        if (!_protocol.AddsFirst && _before.Id.IsPresent)
        {
            await EndOnceAsync(_before, commits);
        }
    }

    /// <summary>
    /// Sends a record of the last transaction after its end, as a request does that was on its way for long. It must not get into any
    /// transaction.
    /// </summary>
    internal async Task SendLateAsync(TopicPartition partition)
    {
        if (!_before.Id.IsPresent)
        {
            return;
        }

        ClientTransaction nothing = _log.Begin(_session);
        ProducerStamp late = _before with { BaseSequence = _protocol.AddsFirst ? _sequences.GetValueOrDefault(partition) : 0 };
        SentRecord sent = NewRecord(partition, nothing, 0, null);
        CallResult<ProduceResponse.PartitionProduceResponse> told = await _leaders.ProduceAsync(
            partition,
            _session.TransactionalId,
            Batch(partition, [sent], late),
            _protocol.Produce
        );

        // It may still be on its way, and would fit into the next transaction of the same epoch.
        IsUsable &= !told.IsDone && !told.IsOpen;
    }

    private static bool IsTransient(ErrorCode error) =>
        error.IsRetriable() || error is ErrorCode.ConcurrentTransactions or ErrorCode.NetworkException;

    private Task<bool> AddAsync(TopicPartition partition) =>
        InsistAsync(async () =>
        {
            CallResult<AddPartitionsToTxnResponse> told = await _coordinators.CallAsync(
                CoordinatorKind.Transaction,
                _session.TransactionalId,
                new AddPartitionsToTxnRequest
                {
                    V3AndBelowTransactionalId = _session.TransactionalId,
                    V3AndBelowProducerId = _stamp.Id,
                    V3AndBelowProducerEpoch = _stamp.Epoch,
                    V3AndBelowTopics = [new() { Name = partition.Topic, Partitions = [partition.Partition] }],
                },
                static response => response.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode,
                highestVersion: 3
            );
            return (told.Error, told.IsOpen || !told.WasSent);
        });

    private Task<CallResult<EndTxnResponse>> EndOnceAsync(ProducerStamp stamp, bool commits) =>
        _coordinators.CallAsync(
            CoordinatorKind.Transaction,
            _session.TransactionalId,
            new EndTxnRequest
            {
                TransactionalId = _session.TransactionalId,
                ProducerId = stamp.Id,
                ProducerEpoch = stamp.Epoch,
                Committed = commits,
            },
            static response => response.ErrorCode,
            _protocol.EndTxn
        );

    /// <summary>Tries until it is done; else the session is over.</summary>
    private async Task<bool> InsistAsync(Func<Task<(ErrorCode Error, bool IsOpen)>> attempt)
    {
        long begun = _world.Time.GetTimestamp();
        while (_world.Time.GetElapsedTime(begun) < Patience)
        {
            (ErrorCode error, bool isOpen) = await attempt();
            if (error == ErrorCode.None)
            {
                return true;
            }

            if (!isOpen && !IsTransient(error))
            {
                break;
            }

            await _world.PauseAsync();
        }

        return IsUsable = false;
    }

    private SentRecord NewRecord(TopicPartition partition, ClientTransaction transaction, long amount, (TopicPartition, Offset)? source)
    {
        SentRecord sent = new(_session.Number, partition, _log.NextValue(), SendOutcome.Rejected, Offset.None)
        {
            InvokedUs = _world.NowUs(),
            Transaction = transaction.Number,
            Amount = amount,
            Source = source,
        };
        _log.Add(sent);
        return sent;
    }

    private byte[] Batch(TopicPartition partition, IReadOnlyList<SentRecord> records, ProducerStamp stamp)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(BatchLimit));
        builder.Producer =
            stamp.BaseSequence == ProducerStamp.NoSequence ? stamp with { BaseSequence = _sequences.GetValueOrDefault(partition) } : stamp;
        builder.Attributes = default(BatchAttributes).AsTransactional();
        long now = _world.Time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (SentRecord record in records)
        {
            if (!builder.TryAppend(now, default, _world.Payload(partition, record.Value)))
            {
                throw new InvalidOperationException("the records of a transaction do not fit into a batch");
            }
        }

        return builder.Seal().ToArray();
    }
}
