using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Tests.Handlers;

/// <summary>
/// What an idempotent producer hears that has several batches under way while the leader moves. Two nodes, of which one serves the
/// producer, on one thread.
/// </summary>
public sealed class ProduceHandlerTests : IDisposable
{
    private readonly TestCluster _cluster = new(2);
    private readonly MetadataCache _cache;
    private readonly ProduceHandler _handler;
    private ConnectionContext _client = new(1, new NetworkAddress("client", 1), "PLAINTEXT");

    public ProduceHandlerTests()
    {
        _cluster.CreateOrders(0, 1);
        _cache = new MetadataCache(Node.Waiters, "cluster", Node.Id);
        _handler = new ProduceHandler(
            new PartitionLookup(Node.Table, _cache),
            _cache,
            new TransactionalProduce(null!, new ProducerTurns()),
            Node.Waiters
        );
        Tell();
    }

    private TestNode Node => _cluster.Nodes[0];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_gap_behind_a_rejected_batch_is_rejected_alike_until_the_batch_has_come()
    {
        Assert.Equal(ErrorCode.None, Produce(0));
        Lead(1);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(1));
        Lead(0);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(2));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(3));
        Assert.Equal(ErrorCode.None, Produce(1));
        Assert.Equal(ErrorCode.None, Produce(2));
        Assert.Equal(ErrorCode.None, Produce(3));

        // What has come is forgotten: a gap is a gap again.
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(5));
        Assert.Equal(["0", "1", "2", "3"], Node.Consume());
    }

    [Fact]
    public void A_new_producer_begins_with_the_batch_that_was_rejected_not_with_the_one_behind_it()
    {
        Lead(1);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(0));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(1));
        Lead(0);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(2));
        Assert.Equal(ErrorCode.None, Produce(0));
        Assert.Equal(ErrorCode.None, Produce(1));
        Assert.Equal(ErrorCode.None, Produce(2));
        Assert.Equal(["0", "1", "2"], Node.Consume());
    }

    [Fact]
    public void A_batch_that_was_rejected_here_and_accepted_elsewhere_holds_up_nothing()
    {
        Assert.Equal(ErrorCode.None, Produce(0));
        Lead(1);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(1));
        Elsewhere(1);
        Lead(0);
        Assert.Equal(ErrorCode.None, Produce(2));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(4));
        Assert.Equal(["0", "1", "2"], Node.Consume());
    }

    [Fact]
    public void Another_connection_another_epoch_and_another_day_know_nothing_of_a_rejection()
    {
        Assert.Equal(ErrorCode.None, Produce(0));
        Lead(1);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(1));
        Lead(0);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Produce(2));
        ConnectionContext first = _client;
        _client = new ConnectionContext(2, new NetworkAddress("client", 2), "PLAINTEXT");
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(2));

        _client = first;
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(2, epoch: 1));
        _cluster.Time.Advance(TimeSpan.FromMilliseconds(RejectedSequences.MaxAgeMs));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(2));
    }

    [Fact]
    public void A_connection_remembers_a_bounded_number_of_rejections()
    {
        RejectedSequences rejected = new();
        for (int producer = 0; producer < 3 * RejectedSequences.MaxEntries; producer++)
        {
            rejected.Note(
                "t",
                Uuid.Zero,
                0,
                new ProducerStamp(new ProducerId(producer), new ProducerEpoch(0), 5),
                ErrorCode.NotLeaderOrFollower,
                0
            );
        }

        int known = Enumerable
            .Range(0, 3 * RejectedSequences.MaxEntries)
            .Count(producer =>
                rejected.Before("t", Uuid.Zero, 0, new ProducerStamp(new ProducerId(producer), new ProducerEpoch(0), 6), 0) is not null
            );
        Assert.Equal(RejectedSequences.MaxEntries, known);
    }

    [Fact]
    public void Sequences_that_have_wrapped_are_later()
    {
        RejectedSequences rejected = new();
        ProducerStamp Of(int sequence) => new(new ProducerId(1), new ProducerEpoch(0), sequence);
        rejected.Note("t", Uuid.Zero, 0, Of(int.MaxValue - 1), ErrorCode.NotLeaderOrFollower, 0);
        Assert.NotNull(rejected.Before("t", Uuid.Zero, 0, Of(3), 0));
        Assert.Null(rejected.Before("t", Uuid.Zero, 0, Of(int.MaxValue - 2), 0));
        rejected.Accepted("t", Uuid.Zero, 0, Of(int.MaxValue - 2));
        Assert.NotNull(rejected.Before("t", Uuid.Zero, 0, Of(3), 0));
        rejected.Accepted("t", Uuid.Zero, 0, Of(3));
        Assert.Null(rejected.Before("t", Uuid.Zero, 0, Of(4), 0));
    }

    [Fact]
    public void A_response_says_nothing_of_the_request_that_its_connection_sent_before()
    {
        RequestContext context = new(ApiKey.Produce, 11, "", _client) { IsReusable = true };
        Lead(1);
        ProduceResponse first = Send(context, Batch(0, 0), Batch(0, 0));
        Assert.Equal(new NodeId(1), Assert.Single(first.NodeEndpoints).NodeId);
        ProduceResponse.PartitionProduceResponse rejected = first.Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.NotLeaderOrFollower, rejected.ErrorCode);
        Assert.Equal(new NodeId(1), rejected.CurrentLeader.LeaderId);
        Assert.NotNull(rejected.ErrorMessage);

        Lead(0);
        foreach (int sequence in new[] { 0, 1 })
        {
            ProduceResponse response = Send(context, Batch(sequence, 0));
            ProduceResponse.PartitionProduceResponse accepted = Assert.Single(Assert.Single(response.Responses).PartitionResponses);
            Assert.Equal(ErrorCode.None, accepted.ErrorCode);
            Assert.Equal(new Offset(sequence), accepted.BaseOffset);
            Assert.Equal(NodeId.None, accepted.CurrentLeader.LeaderId);
            Assert.Null(accepted.ErrorMessage);
            Assert.Empty(response.NodeEndpoints);
        }
    }

    [Fact]
    public void A_request_of_very_many_partitions_leaves_nothing_that_its_connection_keeps()
    {
        RequestContext context = new(ApiKey.Produce, 11, "", _client) { IsReusable = true };
        Send(context, [.. Enumerable.Repeat(Batch(0, 0), 257)]);
        Assert.False(context.IsReusable);
    }

    [Fact]
    public void Each_partition_of_a_request_has_its_own_result()
    {
        ProduceRequest request = Request(acks: -1, Batches.Of("a"), Memory<byte>.Empty, Damaged());
        request.TopicData.Add(new() { Name = "nobody", PartitionData = [new() { Index = 0, Records = Batches.Of("b") }] });
        ProduceResponse response = Send(new RequestContext(ApiKey.Produce, 11, "", _client), request);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.InvalidRecord, ErrorCode.CorruptMessage, ErrorCode.UnknownTopicOrPartition],
            response.Responses.SelectMany(static topic => topic.PartitionResponses).Select(static each => each.ErrorCode)
        );
        Assert.Equal(["a"], Node.Consume());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public void Acks_that_there_are_not_are_rejected_and_nothing_is_appended(short acks)
    {
        ProduceResponse response = Send(new RequestContext(ApiKey.Produce, 11, "", _client), Request(acks, Batches.Of("a")));
        Assert.Equal(ErrorCode.InvalidRequiredAcks, response.Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Empty(Node.Consume());
    }

    [Fact]
    public void Without_acks_there_is_no_response_and_a_failure_closes_the_connection()
    {
        RequestContext context = new(ApiKey.Produce, 11, "", _client);
        Assert.Null(SendOrNull(context, Request(acks: 0, Batches.Of("a"))));
        Assert.False(context.CloseConnection);
        Assert.Null(SendOrNull(context, Request(acks: 0, Damaged())));
        Assert.True(context.CloseConnection);
        _cluster.Advance(50);
        Assert.Equal(["a"], Node.Consume());
    }

    [Fact]
    public void A_commit_that_does_not_come_in_time_is_a_timeout_and_the_record_is_there()
    {
        _cluster.Nodes[1].Stop();
        ProduceRequest request = Request(acks: -1, Batches.Of("a"));
        request.TimeoutMs = 20;
        ProduceResponse response = Send(new RequestContext(ApiKey.Produce, 11, "", _client), request);
        Assert.Equal(ErrorCode.RequestTimedOut, response.Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(new Offset(1), Node.Orders.Log.EndOffset);
    }

    [Fact]
    public void Zstandard_before_its_version_is_rejected()
    {
        Memory<byte> zstd = Batches.With(ProducerStamp.None, Protocol.Compression.CompressionType.Zstd, false, Batches.Now, "a");
        Assert.Equal(
            ErrorCode.UnsupportedCompressionType,
            Send(new RequestContext(ApiKey.Produce, 6, "", _client), zstd).Responses[0].PartitionResponses[0].ErrorCode
        );
        Assert.Equal(
            ErrorCode.None,
            Send(new RequestContext(ApiKey.Produce, 7, "", _client), zstd).Responses[0].PartitionResponses[0].ErrorCode
        );
    }

    private static Memory<byte> Damaged()
    {
        Memory<byte> batch = Batches.Of("damaged");
        batch.Span[^1] ^= 1;
        return batch;
    }

    private static ProduceRequest Request(short acks, params Memory<byte>[] batches) =>
        new()
        {
            Acks = acks,
            TimeoutMs = 1_000,
            TopicData =
            [
                new()
                {
                    Name = "orders",
                    PartitionData = [.. batches.Select(batch => new ProduceRequest.PartitionProduceData { Index = 0, Records = batch })],
                },
            ],
        };

    private static Memory<byte> Batch(int sequence, int epoch) =>
        Batches.With(new ProducerStamp(new ProducerId(7), new ProducerEpoch((short)epoch), sequence), $"{sequence}");

    /// <summary>Sends one record with a sequence, over the present connection.</summary>
    private ErrorCode Produce(int sequence, int epoch = 0)
    {
        return Send(new RequestContext(ApiKey.Produce, 11, "", _client), Batch(sequence, epoch))
            .Responses[0]
            .PartitionResponses[0]
            .ErrorCode;
    }

    /// <summary>Sends batches, all for the one partition.</summary>
    private ProduceResponse Send(RequestContext context, params Memory<byte>[] batches) => Send(context, Request(acks: -1, batches));

    private ProduceResponse Send(RequestContext context, ProduceRequest request) => SendOrNull(context, request)!;

    private ProduceResponse? SendOrNull(RequestContext context, ProduceRequest request)
    {
        context.Begin(context.Key, context.Version, context.ClientId, null);
        Task<ProduceResponse?> producing = _cluster.Pump.Start(async () => await _handler.HandleAsync(request, context));
        for (int waited = 0; !producing.IsCompleted && waited < 1_000; waited++)
        {
            _cluster.Advance(1);
        }

        return _cluster.Result(producing);
    }

    private void Elsewhere(int sequence)
    {
        TestNode other = _cluster.Nodes[1];
        Task<ErrorCode> producing = other.Produce(other.Orders, Replication.RequiredAcks.All, Batch(sequence, 0));
        _cluster.Advance(20);
        Assert.Equal(ErrorCode.None, _cluster.Result(producing));
    }

    /// <summary>A node leads, and both are in sync with each other.</summary>
    private void Lead(int node)
    {
        _cluster.Advance(20);
        _cluster.Elect(node, 0, 1);
        Tell();
        _cluster.Advance(20);
    }

    private void Tell()
    {
        _cluster.TellAll();
        _cluster.Pump.Drain();
        _ = _cache.ApplyAsync(new MetadataUpdate(_cluster.Image, MetadataChanges.Between(MetadataImage.Empty, _cluster.Image)));
    }
}
