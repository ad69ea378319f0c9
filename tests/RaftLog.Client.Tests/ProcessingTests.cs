using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>Handlers in parallel: what waits for what, and how far a partition counts as read.</summary>
public class ProcessingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Offsets_are_done_only_up_to_the_first_gap()
    {
        ContiguousOffsets offsets = new();
        foreach (int each in (int[])[3, 4, 7])
        {
            offsets.Begin(new Offset(each));
        }

        offsets.Reach(new Offset(9));
        offsets.End(new Offset(7));
        offsets.End(new Offset(4));
        Assert.Equal(new Offset(3), offsets.Next);
        offsets.End(new Offset(3));
        Assert.Equal(new Offset(9), offsets.Next);
    }

    [Fact]
    public void A_partitions_records_are_handled_in_order_and_partitions_side_by_side() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 3, new ProcessingOptions());
            handlers.Place(0, "a1", "a2");
            handlers.Place(1, "b1", "b2");
            handlers.Place(2, "c1");
            handlers.Start();

            Assert.Equal(["a1", "b1", "c1"], handlers.Running);
            handlers.End("b1");
            Assert.Equal(["a1", "b2", "c1"], handlers.Running);
        });

    [Fact]
    public void Records_with_the_same_key_are_handled_in_order_and_others_side_by_side() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions { Order = ProcessingOrder.Key });
            handlers.PlaceKeyed(0, ("x", "x1"), ("x", "x2"), ("y", "y1"), (null, "n1"), (null, "n2"));
            handlers.Start();

            Assert.Equal(["n1", "n2", "x1", "y1"], handlers.Running);
            handlers.End("x1");
            Assert.Equal(["n1", "n2", "x2", "y1"], handlers.Running);
        });

    [Fact]
    public void No_more_handlers_run_than_allowed_and_no_more_records_wait() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 4, new ProcessingOptions { MaxConcurrency = 2, MaxPending = 3 });
            for (int i = 0; i < 4; i++)
            {
                handlers.Place(i, $"{i}a");
            }

            handlers.Start();
            Assert.Equal(2, handlers.Running.Count);
            Assert.Equal(3, handlers.Taken);
            handlers.End(handlers.Running[0]);
            Assert.Equal(2, handlers.Running.Count);
            Assert.Equal(4, handlers.Taken);
        });

    [Fact]
    public void What_is_stored_has_no_gap_whatever_ends_first() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions { Order = ProcessingOrder.None });
            handlers.Place(0, "0", "1", "2");
            handlers.Start();

            handlers.End("2");
            handlers.End("1");
            Assert.Equal(Offset.Zero, handlers.Stored(0));
            handlers.End("0");
            Assert.Equal(new Offset(3), handlers.Stored(0));
        });

    [Fact]
    public void A_handler_that_fails_ends_the_processing_and_its_record_comes_again() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions());
            handlers.Place(0, "0", "1", "2");
            handlers.Start();
            handlers.End("0");

            handlers.Fail("1");
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(handlers.Wait);

            Assert.Equal("1", failure.Message);
            Assert.Equal(new Offset(1), handlers.Stored(0));
            Assert.Equal(["0", "1"], handlers.Begun);
            handlers.Start();
            handlers.End("1");
            handlers.End("2");
            Assert.Equal(new Offset(3), handlers.Stored(0));
        });

    [Fact]
    public void Cancelling_begins_no_more_handlers_and_waits_for_those_that_run() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions());
            handlers.Place(0, "0", "1");
            handlers.Start();

            handlers.Stop();
            world.Advance(5 * Second);
            Assert.False(handlers.HasEnded);
            handlers.End("0");
            handlers.Wait();

            Assert.Equal(["0"], handlers.Begun);
            Assert.Equal(new Offset(1), handlers.Stored(0));
        });

    [Fact]
    public void No_handler_begins_between_cancelling_and_the_end() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions());
            handlers.Place(0, "0", "1");
            handlers.Start();

            handlers.EndAndStop("0");
            handlers.Wait();

            Assert.Equal(["0"], handlers.Begun);
            Assert.Equal(new Offset(1), handlers.Stored(0));
        });

    [Fact]
    public void A_handler_that_does_not_end_is_waited_for_no_longer_than_the_limit() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions { DrainTimeout = 3 * Second });
            handlers.Place(0, "0");
            handlers.Start();

            handlers.Stop();
            world.Pass(2.9 * Second);
            Assert.False(handlers.HasEnded);
            world.Pass(0.2 * Second);

            handlers.Wait();
            Assert.True(handlers.IsAbandoned);
            Assert.Equal(Offset.Zero, handlers.Stored(0));
        });

    [Fact]
    public void A_handler_that_gives_up_because_processing_ends_has_not_failed_and_its_record_is_not_done() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            using Handlers handlers = new(world, partitions: 1, new ProcessingOptions());
            handlers.Place(0, "0", "1");
            handlers.Start();

            handlers.Stop();
            handlers.GiveUp("0");
            handlers.Wait();

            Assert.Equal(Offset.Zero, handlers.Stored(0));
        });

    /// <summary>A consumer whose handlers run until the test ends them.</summary>
    private sealed class Handlers : IDisposable
    {
        private readonly FakeCluster _world;
        private readonly FakeTopic _topic;
        private readonly ProcessingOptions _options;
        private readonly Consumer _consumer;
        private readonly SortedDictionary<string, TaskCompletionSource> _running = new(StringComparer.Ordinal);
        private CancellationTokenSource _stop = new();
        private CancellationToken _abandoned;
        private Task _processing = Task.CompletedTask;

        public Handlers(FakeCluster world, int partitions, ProcessingOptions options)
        {
            _world = world;
            _topic = world.AddTopic("t", partitions);
            _options = options;
            _consumer = world.Connect().CreateConsumer(new ConsumerOptions());
            _consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(each => new TopicPartition("t", each), _ => StartAt.Beginning));
        }

        public List<string> Running => [.. _running.Keys];

        public List<string> Begun { get; } = [];

        public int Taken =>
            Enumerable.Range(0, _topic.Partitions.Count).Count(each => _consumer.Position(new TopicPartition("t", each)) > Offset.Zero);

        public bool HasEnded => _processing.IsCompleted;

        public bool IsAbandoned => _abandoned.IsCancellationRequested;

        public Offset Stored(int partition) => _consumer.StoredOffset(new TopicPartition("t", partition));

        public void Place(int partition, params string[] values) =>
            _topic.Partitions[partition].Place(Batch([.. values.Select(each => ((string?)null, each))]));

        public void PlaceKeyed(int partition, params (string? Key, string Value)[] records) =>
            _topic.Partitions[partition].Place(Batch(records));

        public void Start()
        {
            _stop = new CancellationTokenSource();
            _processing = _consumer.ProcessAsync(HandleAsync, _options, _stop.Token);
            _world.Advance(Second);
        }

        public void End(string value)
        {
            Assert.True(_running.Remove(value, out TaskCompletionSource? end), $"{value} is not in work");
            end.SetResult();
            _world.Settle();
        }

        public void Fail(string value)
        {
            _running.Remove(value, out TaskCompletionSource? end);
            end!.SetException(new InvalidOperationException(value));
            _world.Settle();
        }

        /// <summary>Cancels, and ends a handler before anything of the processor has run.</summary>
        public void EndAndStop(string value)
        {
            _running.Remove(value, out TaskCompletionSource? end);
            _stop.Cancel();
            end!.SetResult();
            _world.Settle();
        }

        public void GiveUp(string value)
        {
            _running.Remove(value, out TaskCompletionSource? end);
            end!.SetException(new OperationCanceledException(value));
            _world.Settle();
        }

        public void Stop()
        {
            _stop.Cancel();
            _world.Settle();
        }

        public void Wait() => _world.Finish(new ValueTask(_processing));

        public void Dispose() => _stop.Cancel();

        private static byte[] Batch((string? Key, string Value)[] records)
        {
            using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
            foreach ((string? key, string value) in records)
            {
                Assert.True(
                    builder.TryAppend(1, key is null ? NullableBytes.Null : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value))
                );
            }

            return builder.Seal().ToArray();
        }

        private async ValueTask HandleAsync(ConsumedRecord record, CancellationToken abandoned)
        {
            string value = Encoding.UTF8.GetString(record.Value!);
            TaskCompletionSource end = new();
            (_running[value], _abandoned) = (end, abandoned);
            Begun.Add(value);
            await end.Task;
        }
    }
}
