using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>Who waits for an offset, in which order they are released, and what the ledger holds of those who have given up.</summary>
public sealed class CommitLedgerTests : IDisposable
{
    private readonly TestCluster _cluster = new(1);

    public CommitLedgerTests() => _cluster.CreateOrders(0);

    private TestNode Node => _cluster.Nodes[0];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void All_that_wait_are_released_by_the_flush_that_reaches_them_and_no_others()
    {
        Node.Disk.HeldFlush = new TaskCompletionSource();
        List<Task<ErrorCode>> first = [.. Enumerable.Range(0, 100).Select(i => Node.Produce(RequiredAcks.All, $"{i}"))];
        List<Task<ErrorCode>> leader = [.. Enumerable.Range(0, 100).Select(i => Node.Produce(RequiredAcks.Leader, $"{i}"))];
        Assert.All(first.Concat(leader), each => Assert.False(each.IsCompleted));

        Release();
        Assert.All(first.Concat(leader), each => Assert.Equal(ErrorCode.None, _cluster.Result(each)));
    }

    [Fact]
    public void A_retry_that_waits_for_an_earlier_offset_is_released_with_its_first_copy()
    {
        Node.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> first = Produce(0);
        Release();
        Node.Disk.HeldFlush = new TaskCompletionSource();
        Task<ErrorCode> second = Produce(1);
        Task<ErrorCode> third = Produce(2);
        Task<ErrorCode> retry = Produce(1);
        Assert.Equal(ErrorCode.None, _cluster.Result(first));
        Assert.All([second, third, retry], each => Assert.False(each.IsCompleted));
        Release();
        Assert.All([second, third, retry], each => Assert.Equal(ErrorCode.None, _cluster.Result(each)));
        Assert.Equal(["0", "1", "2"], Node.Consume());
    }

    [Fact]
    public void Those_who_have_given_up_are_at_most_as_many_as_those_who_wait()
    {
        CommitLedger ledger = new();
        CommitWait open = new(Node.Waiters, 1);
        ledger.Add(Entry(open, 1_000_000));
        for (int i = 0; i < 100_000; i++)
        {
            CommitWait given = new(Node.Waiters, 1);
            given.Decide(0, ErrorCode.None);
            Assert.True(given.WaitAsync(TimeSpan.Zero).IsCompleted);
            ledger.Add(Entry(given, 100 + i));
            Assert.InRange(ledger.Count, 1, 65);
        }
    }

    private static CommitLedger.Entry Entry(CommitWait wait, long end) =>
        new(new Offset(end), new LeaderEpoch(0), Awaited.LocalFlush, wait, 0);

    private Task<ErrorCode> Produce(int sequence) =>
        Node.Produce(
            Node.Orders,
            RequiredAcks.All,
            Batches.With(new ProducerStamp(new ProducerId(7), new ProducerEpoch(0), sequence), $"{sequence}")
        );

    private void Release()
    {
        TaskCompletionSource held = Node.Disk.HeldFlush!;
        Node.Disk.HeldFlush = null;
        _cluster.Pump.Start(() =>
        {
            held.SetResult();
            return 0;
        });
        _cluster.Pump.Drain();
    }
}
