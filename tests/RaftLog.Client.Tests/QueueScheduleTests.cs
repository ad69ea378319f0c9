using RaftLog.Client.Produce;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>The sender looks at the queues where something has happened, however many there are.</summary>
public sealed class QueueScheduleTests : IDisposable
{
    private readonly Waiters _waiters = new(new ManualTime());
    private readonly QueueSchedule _schedule = new();
    private readonly List<PartitionQueue> _queues;

    public QueueScheduleTests()
    {
        BatchSource batches = new(new RecordBatchOptions(1 << 10, CompressionType.None, 0), 1 << 20, _waiters, false);
        _queues = [.. Enumerable.Range(0, 10_000).Select(index => new PartitionQueue(new TopicPartition("t", index), Uuid.Zero, batches))];
        _queues.ForEach(_schedule.List);
        _schedule.Take(0);
        Assert.Equal(_queues.Count, _schedule.Taken.Count);
    }

    public void Dispose() => _waiters.Dispose();

    [Fact]
    public void A_wake_for_one_of_ten_thousand_queues_looks_at_that_one()
    {
        _schedule.List(_queues[17]);
        _schedule.List(_queues[17]);
        _schedule.Take(0);
        Assert.Equal([_queues[17]], _schedule.Taken);
        _schedule.Take(0);
        Assert.Empty(_schedule.Taken);
    }

    [Fact]
    public void A_queue_whose_time_comes_is_looked_at_then_and_once()
    {
        _schedule.ListAt(_queues[3], 20);
        _schedule.ListAt(_queues[3], 10);
        _schedule.ListAt(_queues[3], 15);
        Assert.Equal(10, _schedule.NextMs());
        _schedule.Take(9);
        Assert.Empty(_schedule.Taken);
        _schedule.Take(30);
        Assert.Equal([_queues[3]], _schedule.Taken);
        Assert.Equal(long.MaxValue, _schedule.NextMs());
    }

    [Fact]
    public void What_was_taken_in_vain_is_looked_at_again()
    {
        _schedule.List(_queues[1]);
        _schedule.List(_queues[2]);
        _schedule.Take(0);
        _schedule.ListAgain();
        _schedule.List(_queues[2]);
        _schedule.Take(0);
        Assert.Equal([_queues[1], _queues[2]], _schedule.Taken);
    }
}
