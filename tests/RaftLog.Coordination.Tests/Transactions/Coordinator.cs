using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>A transaction coordinator with the least shell: what it appends is replayed at once and counts as committed.</summary>
internal sealed class Coordinator : ITransactionContext
{
    public const string Id = "payments";
    public const int TimeoutMs = 60_000;

    private readonly Outbox _outbox = new();
    private readonly Dictionary<RequestToken, object> _responses = [];
    private TransactionCoordinatorState _state;
    private long _nextToken;
    private long _nextProducer = 1000;
    private long _wallAheadMs = 900_000;

    public Coordinator(TransactionSettings? settings = null)
    {
        Settings = settings ?? TransactionSettings.Default;
        _state = new TransactionCoordinatorState(Settings, this);
        Run(_state.Activate);
    }

    public TransactionSettings Settings { get; }

    public short TransactionVersion { get; set; } = 2;

    public bool HasProducerIds { get; set; } = true;

    public long NowMs { get; private set; } = 1_000_000;

    /// <summary>Everything appended, in order.</summary>
    public List<CoordinatorRecord> Log { get; } = [];

    /// <summary>The markers that were asked for and are not written.</summary>
    public List<TransactionMarkers> Markers { get; } = [];

    public Transaction this[string id] => All[id];

    public Transaction Current => All[Id];

    public SortedDictionary<string, Transaction> All => new(_state.Transactions.ToDictionary(), StringComparer.Ordinal);

    public long NextDeadlineMs => _state.NextDeadlineMs;

    private CoordinatorTime Now => new(NowMs - _wallAheadMs, NowMs);

    public bool TryTakeProducerId(out ProducerId id)
    {
        id = HasProducerIds ? new ProducerId(_nextProducer++) : ProducerId.None;
        return HasProducerIds;
    }

    /// <summary>Another node takes over: it knows the log, and nothing else.</summary>
    public void FailOver()
    {
        _state = new TransactionCoordinatorState(Settings, this);
        Markers.Clear();
        foreach (CoordinatorRecord record in Log)
        {
            _state.Replay(record, new RecordOrigin(Offset.Zero, ProducerStamp.None));
        }

        Run(_state.Activate);
    }

    /// <summary>The wall clock is set back.</summary>
    public void SetClockBack(long ms)
    {
        NowMs -= ms;
        _wallAheadMs -= ms;
    }

    public void Advance(long ms)
    {
        NowMs += ms;
        Run(_state.Tick);
    }

    public (ErrorCode Error, long Producer, int Epoch) Init(long producer = -1, int epoch = -1, int timeoutMs = TimeoutMs, string id = Id)
    {
        InitProducerIdRequest request = new()
        {
            TransactionalId = id,
            TransactionTimeoutMs = timeoutMs,
            ProducerId = new ProducerId(producer),
            ProducerEpoch = new ProducerEpoch((short)epoch),
        };
        InitProducerIdResponse response = Ask<InitProducerIdResponse>(
            (token, now, outbox) => _state.InitProducerId(token, request, now, outbox)
        );
        return (response.ErrorCode, response.ProducerId.Value, response.ProducerEpoch.Value);
    }

    public ErrorCode Add(long producer, int epoch, string topic = "orders", int version = 2, string id = Id, params int[] partitions) =>
        AddOrVerify(producer, epoch, topic, version, id, verifyOnly: false, partitions).Distinct().Single();

    public List<ErrorCode> Verify(long producer, int epoch, string topic = "orders", string id = Id, params int[] partitions) =>
        AddOrVerify(producer, epoch, topic, 2, id, verifyOnly: true, partitions);

    public ErrorCode AddOffsets(long producer, int epoch, int partition)
    {
        AddOffsetsToTxnRequest request = AddingOffsets(producer, epoch);
        return Ask<AddOffsetsToTxnResponse>(
            (token, now, outbox) => _state.AddOffsets(token, request, new TopicPartition("__consumer_offsets", partition), now, outbox)
        ).ErrorCode;
    }

    public (ErrorCode Error, long Producer, int Epoch) End(long producer, int epoch, bool commit, int version = 2, string id = Id)
    {
        EndTxnRequest request = new()
        {
            TransactionalId = id,
            ProducerId = new ProducerId(producer),
            ProducerEpoch = new ProducerEpoch((short)epoch),
            Committed = commit,
        };
        EndTxnResponse response = Ask<EndTxnResponse>(
            (token, now, outbox) => _state.EndTransaction(token, request, (short)version, now, outbox)
        );
        return (response.ErrorCode, response.ProducerId.Value, response.ProducerEpoch.Value);
    }

    /// <summary>Writes all markers that are asked for.</summary>
    public void WriteMarkers()
    {
        foreach (TransactionMarkers markers in Markers.ToList())
        {
            Markers.Remove(markers);
            Confirm(markers);
        }
    }

    public void Confirm(TransactionMarkers markers) => Run((now, outbox) => _state.MarkersWritten(markers, now, outbox));

    public DescribeTransactionsResponse.DescribedTransaction Describe(string id = Id) =>
        Ask<DescribeTransactionsResponse>((token, _, outbox) => _state.Describe(token, id, outbox)).TransactionStates.Single();

    public List<string> List(TransactionFilter filter) =>
        [
            .. Ask<ListTransactionsResponse>((token, now, outbox) => _state.List(token, filter, now, outbox))
                .TransactionStates.Select(each => each.TransactionalId),
        ];

    /// <summary>Puts a state into the log as if this coordinator had written it.</summary>
    public void Plant(Transaction transaction, string id = Id)
    {
        CoordinatorRecord record = TransactionRecords.Of(id, transaction, TransactionVersion);
        Log.Add(record);
        _state.Replay(record, new RecordOrigin(Offset.Zero, ProducerStamp.None));
    }

    /// <summary>Asks to add a partition, and tells later what was said; null while nothing was.</summary>
    public Func<ErrorCode?> BeginAdd(long producer, int epoch, int partition = 0)
    {
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction request = Adding(producer, epoch, "orders", Id, false, [partition]);
        RequestToken token = Begin((token, now, outbox) => _state.AddPartitions(token, request, 2, now, outbox));
        return () => _responses.TryGetValue(token, out object? response) ? Errors((AddPartitionsToTxnResponse)response).Single() : null;
    }

    /// <summary>The same for the offsets of a group.</summary>
    public Func<ErrorCode?> BeginAddOffsets(long producer, int epoch)
    {
        AddOffsetsToTxnRequest request = AddingOffsets(producer, epoch);
        RequestToken token = Begin((token, now, outbox) => _state.AddOffsets(token, request, new("__consumer_offsets", 0), now, outbox));
        return () => _responses.TryGetValue(token, out object? response) ? ((AddOffsetsToTxnResponse)response).ErrorCode : null;
    }

    private static AddOffsetsToTxnRequest AddingOffsets(long producer, int epoch) =>
        new()
        {
            TransactionalId = Id,
            ProducerId = new ProducerId(producer),
            ProducerEpoch = new ProducerEpoch((short)epoch),
            GroupId = "readers",
        };

    private List<ErrorCode> AddOrVerify(long producer, int epoch, string topic, int version, string id, bool verifyOnly, int[] partitions)
    {
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction request = Adding(producer, epoch, topic, id, verifyOnly, partitions);
        return Errors(
            Ask<AddPartitionsToTxnResponse>((token, now, outbox) => _state.AddPartitions(token, request, (short)version, now, outbox))
        );
    }

    private static AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction Adding(
        long producer,
        int epoch,
        string topic,
        string id,
        bool verifyOnly,
        int[] partitions
    ) =>
        new()
        {
            TransactionalId = id,
            ProducerId = new ProducerId(producer),
            ProducerEpoch = new ProducerEpoch((short)epoch),
            VerifyOnly = verifyOnly,
            Topics = [new() { Name = topic, Partitions = [.. partitions.Length == 0 ? [0] : partitions] }],
        };

    private static List<ErrorCode> Errors(AddPartitionsToTxnResponse response) =>
        [.. response.ResultsByTransaction.Single().TopicResults.Single().ResultsByPartition.Select(result => result.PartitionErrorCode)];

    private TResponse Ask<TResponse>(Action<RequestToken, CoordinatorTime, Outbox> command)
    {
        RequestToken token = Begin(command);
        return Assert.IsType<TResponse>(_responses[token]);
    }

    private RequestToken Begin(Action<RequestToken, CoordinatorTime, Outbox> command)
    {
        RequestToken token = new(_nextToken++);
        Run((now, outbox) => command(token, now, outbox));
        return token;
    }

    private void Run(Action<CoordinatorTime, Outbox> input)
    {
        _outbox.Clear();
        input(Now, _outbox);
        foreach (CoordinatorRecord record in _outbox.Records)
        {
            Log.Add(record);
            _state.Replay(record, new RecordOrigin(Offset.Zero, ProducerStamp.None));
        }

        foreach ((RequestToken token, object response) in _outbox.Responses)
        {
            Assert.True(_responses.TryAdd(token, response), "a request has two responses");
        }

        Markers.AddRange(_outbox.Effects.Cast<TransactionMarkers>());
    }
}
