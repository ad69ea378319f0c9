using System.Globalization;
using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>Streams of single partitions, and batches: what is read beside what, and what counts as read.</summary>
public class PartitionStreamTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_slow_stream_holds_up_no_other_and_each_is_in_order() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 3);
            using Consumer consumer = Assigned(world, 3);
            using Streams streams = new(world, consumer, new ProcessingOptions { MaxPending = 6 }) { Stuck = { 1 } };
            for (int i = 0; i < 300; i++)
            {
                Place(topic, i % 3, i);
            }

            streams.Start();
            world.Pass(2 * Second);

            Assert.Equal(Enumerable.Range(0, 100).Select(i => 3 * i), streams.Read(0));
            Assert.Equal([1], streams.Read(1));
            Assert.Equal(Enumerable.Range(0, 100).Select(i => (3 * i) + 2), streams.Read(2));
            Assert.Equal(Offset.Zero, consumer.StoredOffset(new TopicPartition("t", 1)));
            streams.Release(1);
            world.Pass(2 * Second);

            Assert.Equal(Enumerable.Range(0, 100).Select(i => (3 * i) + 1), streams.Read(1));
            Assert.Equal(new Offset(100), consumer.StoredOffset(new TopicPartition("t", 1)));
        });

    [Fact]
    public void Cancelling_ends_the_streams_after_the_records_in_work_and_reading_goes_on_behind_them() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            using Consumer consumer = Assigned(world, 2);
            using Streams streams = new(world, consumer, new ProcessingOptions()) { Stuck = { 1 } };
            Place(topic, 0, 0, 2);
            Place(topic, 1, 1, 3);
            streams.Start();
            world.Pass(Second);

            streams.Stop();
            world.Pass(Second);
            Assert.False(streams.HasEnded, "a record is in work");
            streams.Release(1);
            world.Pass(Second);

            Assert.True(streams.HasEnded);
            Assert.Null(streams.Failure);
            Assert.Equal([0, 2], streams.Read(0));
            Assert.Equal([1], streams.Read(1));
            using FetchedRecords? rest = world.Finish(consumer.ReadAsync(Second));
            Assert.Equal((new TopicPartition("t", 1), new Offset(2)), (rest!.Partition, rest.Next));
            foreach (RecordView record in rest)
            {
                Assert.Equal("3", Encoding.ASCII.GetString(record.Value.Span));
            }
        });

    [Fact]
    public void A_reader_that_leaves_its_stream_ends_all_with_an_error_and_its_record_comes_again() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 1);
            using Consumer consumer = Assigned(world, 1);
            using Streams streams = new(world, consumer, new ProcessingOptions()) { LeavesAt = 1 };
            Place(topic, 0, 0, 1, 2);
            streams.Start();
            world.Pass(3 * Second);

            Assert.True(streams.HasEnded);
            Assert.Contains(
                "has left its stream",
                Assert.IsType<InvalidOperationException>(streams.Failure).Message,
                StringComparison.Ordinal
            );
            Assert.Equal(new Offset(1), consumer.Position(new TopicPartition("t", 0)));
        });

    [Fact]
    public void Batches_are_of_one_partition_and_count_when_the_next_is_asked_for() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 1);
            using Consumer consumer = Assigned(world, 1);
            Place(topic, 0, 0, 1, 2, 3, 4);
            TopicPartition partition = new("t", 0);
            List<int[]> batches = [];
            List<Offset> positions = [];

            async Task ReadAsync()
            {
                await foreach (IReadOnlyList<ConsumedRecord> batch in consumer.ConsumeBatchesAsync(maxRecords: 2))
                {
                    batches.Add([.. batch.Select(ValueOf)]);
                    positions.Add(consumer.Position(partition));
                    if (batches.Count == 2)
                    {
                        break;
                    }
                }
            }

            world.Finish(new ValueTask(ReadAsync()));

            Assert.Equal(
                [
                    [0, 1],
                    [2, 3],
                ],
                batches
            );
            Assert.Equal([Offset.Zero, new Offset(2)], positions);

            // The second batch was left: it is read again.
            Assert.Equal(new Offset(2), consumer.Position(partition));
            List<string> again = [];
            using FetchedRecords? rest = world.Finish(consumer.ReadAsync(Second));
            foreach (RecordView record in rest!)
            {
                again.Add(Encoding.ASCII.GetString(record.Value.Span));
            }

            Assert.Equal(["2", "3", "4"], again);
        });

    private static Consumer Assigned(FakeCluster world, int partitions)
    {
        Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions());
        consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(each => new TopicPartition("t", each), _ => StartAt.Beginning));
        return consumer;
    }

    private static void Place(FakeTopic topic, int partition, params int[] values)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
        foreach (int value in values)
        {
            builder.TryAppend(0, NullableBytes.Null, Encoding.ASCII.GetBytes($"{value}"));
        }

        topic.Partitions[partition].Place(builder.Seal().ToArray());
    }

    private static int ValueOf(ConsumedRecord record) => int.Parse(Encoding.ASCII.GetString(record.Value!), CultureInfo.InvariantCulture);

    /// <summary>Reads every stream in a task of its own.</summary>
    private sealed class Streams(FakeCluster world, Consumer consumer, ProcessingOptions options) : IDisposable
    {
        private readonly SortedDictionary<int, List<int>> _read = [];
        private readonly SortedDictionary<int, TaskCompletionSource> _free = [];
        private readonly CancellationTokenSource _stop = new();
        private Task _reading = Task.CompletedTask;

        /// <summary>Partitions whose first record stays in work until <see cref="Release"/>.</summary>
        public SortedSet<int> Stuck { get; } = [];

        /// <summary>The value at which the reader leaves its stream; -1 for none.</summary>
        public int LeavesAt { get; init; } = -1;

        public bool HasEnded => _reading.IsCompleted;

        public Exception? Failure => _reading.Exception?.InnerException;

        public List<int> Read(int partition) => _read.GetValueOrDefault(partition) ?? [];

        public void Start() => _reading = RunAsync();

        public void Stop() => _stop.Cancel();

        public void Release(int partition)
        {
            Stuck.Remove(partition);
            _free[partition].SetResult();
            world.Settle();
        }

        public void Dispose() => _stop.Cancel();

        private async Task RunAsync()
        {
            List<Task> readers = [];
            await foreach (PartitionStream stream in consumer.ConsumePartitionsAsync(options, _stop.Token))
            {
                readers.Add(ReadAsync(stream));
            }

            await Task.WhenAll(readers);
        }

        private async Task ReadAsync(PartitionStream stream)
        {
            int partition = stream.Partition.Partition;
            _read[partition] = [];
            await foreach (ConsumedRecord record in stream)
            {
                _read[partition].Add(ValueOf(record));
                if (Stuck.Contains(partition))
                {
                    _free[partition] = new TaskCompletionSource();
                    await _free[partition].Task;
                }

                if (ValueOf(record) == LeavesAt)
                {
                    return;
                }
            }
        }
    }
}
