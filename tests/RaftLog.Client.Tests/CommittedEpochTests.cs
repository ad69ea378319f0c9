using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>A place that was committed is taken up only in the log that it was committed of (KIP-320).</summary>
public class CommittedEpochTests
{
    private static readonly TopicPartition Partition = new("t", 0);

    [Theory]
    [InlineData(1, -1)]
    [InlineData(3, -1)]
    [InlineData(4, 2)]
    [InlineData(6, 2)]
    [InlineData(7, 5)]
    [InlineData(99, 5)]
    public void The_epoch_before_an_offset_is_that_of_the_record_before_it(long next, int epoch)
    {
        ReadEpochs epochs = new();
        epochs.Add([new(new Offset(3), new LeaderEpoch(2)), new(new Offset(6), new LeaderEpoch(5))]);

        Assert.Equal(new LeaderEpoch(epoch), epochs.Before(new Offset(next)));
        Assert.Equal(new LeaderEpoch(5), epochs.Last);
    }

    [Fact]
    public void Of_many_changes_the_last_are_kept()
    {
        ReadEpochs epochs = new();
        for (int i = 0; i < 1000; i++)
        {
            epochs.Add([new(new Offset(10 * i), new LeaderEpoch(i))]);
        }

        Assert.Equal(LeaderEpoch.None, epochs.Before(new Offset(5)));
        Assert.Equal(new LeaderEpoch(998), epochs.Before(new Offset(9990)));
        Assert.Equal(new LeaderEpoch(999), epochs.Before(new Offset(9991)));
    }

    [Fact]
    public void What_was_read_of_several_leaders_is_committed_with_the_epoch_of_each() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch("a"));
            log.Epoch = new LeaderEpoch(4);
            log.Place(Batch("b"));
            Assignment assignment = new(new ConsumerOptions(), TimeSpan.FromMinutes(1));
            assignment.Replace(new SortedDictionary<TopicPartition, StartAt> { [Partition] = StartAt.Offset(Offset.Zero) });
            ReadPosition position = Assert.Single(assignment.Fetches.TakeUnresolved());
            assignment.Fetches.Resolve(position, Uuid.Zero, new OffsetAndEpoch(Offset.Zero, LeaderEpoch.None));
            FetchExtent extent = FetchExtent.Of(log.From(Offset.Zero), Offset.Zero, LeaderEpoch.None, checkCrcs: true);
            position.Epochs.Add(extent.Epochs);

            Assert.Equal(LeaderEpoch.None, assignment.Offsets.EpochBefore(Partition, Offset.Zero));
            Assert.Equal(LeaderEpoch.Zero, assignment.Offsets.EpochBefore(Partition, new Offset(1)));
            Assert.Equal(new LeaderEpoch(4), assignment.Offsets.EpochBefore(Partition, new Offset(2)));
            Assert.Equal(LeaderEpoch.None, assignment.Offsets.EpochBefore(new TopicPartition("t", 1), new Offset(2)));
        });

    [Fact]
    public void The_first_fetch_names_the_epoch_of_the_record_before_the_place() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Epoch = new LeaderEpoch(3);
            log.Place(Batch("a", "b"));
            Consumer consumer = Open(world, new OffsetAndEpoch(new Offset(1), new LeaderEpoch(3)));

            using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));

            Assert.NotNull(records);
            Assert.Equal(new LeaderEpoch(3), world.Received<FetchRequest>()[0].Topics[0].Partitions[0].LastFetchedEpoch);
        });

    [Fact]
    public void A_leader_of_before_the_place_is_not_asked() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch("a", "b"));
            Consumer consumer = Open(world, new OffsetAndEpoch(new Offset(1), new LeaderEpoch(7)), OffsetReset.Earliest);
            Task<FetchedRecords?> read = FakeCluster.Start(consumer.ReadAsync(TimeSpan.FromMinutes(5)));
            world.Pass(TimeSpan.FromSeconds(5));
            Assert.Empty(world.Received<FetchRequest>());

            log.Epoch = new LeaderEpoch(8);

            using FetchedRecords? records = world.Finish(read);
            Assert.Equal(new Offset(1), consumer.Position(Partition) - 1);
        });

    [Fact]
    public void A_place_that_no_leader_comes_to_know_is_told_and_the_policy_decides() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t").Partitions[0].Place(Batch("a", "b"));
            using SeenEvents events = new();
            OffsetAndEpoch place = new(new Offset(1), new LeaderEpoch(7));
            Consumer strict = Open(world, place, change: options => options with { LoggerFactory = events });
            Consumer earliest = Open(world, place, OffsetReset.Earliest, options => options with { LoggerFactory = events });

            KafkaException unknown = world.Fails(() => strict.ReadAsync(TimeSpan.FromMinutes(5)));
            using FetchedRecords? records = world.Finish(earliest.ReadAsync(TimeSpan.FromMinutes(5)));

            Assert.Equal(ErrorCode.UnknownLeaderEpoch, unknown.Code);
            Assert.Contains("belongs to another log", unknown.Message, StringComparison.Ordinal);
            Assert.Equal(2, records!.Count);
            Assert.Equal((1, 1), (events.Count("PartitionFailed"), events.Count("OffsetReset")));
        });

    private static Consumer Open(
        FakeCluster world,
        OffsetAndEpoch place,
        OffsetReset reset = default,
        Func<ClientOptions, ClientOptions>? change = null
    )
    {
        Consumer consumer = world.Connect(change).CreateConsumer(new ConsumerOptions { OffsetReset = reset });
        consumer.Assign(Partition, StartAt.Place(place));
        return consumer;
    }

    private static byte[] Batch(params string[] values)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
        foreach (string value in values)
        {
            Assert.True(builder.TryAppend(1, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        }

        return builder.Seal().ToArray();
    }
}
