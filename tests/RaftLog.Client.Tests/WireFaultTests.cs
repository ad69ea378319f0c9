using System.Text;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

/// <summary>
/// Connections that end behind every single byte, brokers that are slow, and brokers that lie: nothing is lost, doubled or reordered, and
/// all goes on.
/// </summary>
public class WireFaultTests
{
    private const int Records = 12;

    /// <summary>From the first byte of the handshake to the last of a response: the longest exchange that a run has is shorter.</summary>
    [Theory]
    [InlineData(false, false, 900)]
    [InlineData(true, false, 1600)]
    [InlineData(false, true, 700)]
    [InlineData(true, true, 150)]
    public void Connections_cut_behind_any_byte_lose_double_and_reorder_nothing(bool received, bool once, int bytes) =>
        OneThread.Run(context =>
        {
            int hit = 0;
            for (int at = 0; at < bytes; at++)
            {
                using FakeCluster world = new(context);
                CuttingNetwork network = world.Cut();
                FakeTopic topic = world.AddTopic("t", partitions: 2);
                Producer producer = world.Connect().CreateProducer();
                int next = 0;
                if (once)
                {
                    // The connections stand: what is cut are the requests and responses of the records alone.
                    Send(2).ForEach(sent => world.Finish(sent));
                }

                network.Arm(at, received, cuts: 3);
                List<Task<ProduceResult>> results = Send(Records / 2);
                results.AddRange(Send(Records / 2));
                results.ForEach(sent => world.Finish(sent));
                hit += network.Cuts < 3 ? 1 : 0;

                for (int partition = 0; partition < 2; partition++)
                {
                    Assert.Equal(
                        Enumerable.Range(0, next).Where(i => i % 2 == partition).Select(i => $"{i}"),
                        topic.Partitions[partition].Values
                    );
                }

                List<Task<ProduceResult>> Send(int count) =>
                    [.. Enumerable.Range(0, count).Select(_ => FakeCluster.Start(producer.ProduceAsync("t", Record(next, next++ % 2))))];
            }

            Assert.True(hit > bytes / 4, $"only {hit} of {bytes} places were cut");
        });

    [Fact]
    public void A_broker_whose_bytes_come_one_by_one_loses_doubles_and_reorders_nothing() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            CuttingNetwork network = world.Cut();
            network.ByteTime = TimeSpan.FromMilliseconds(10);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, Records).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Record(i, 0)))),
            ];
            results.ForEach(sent => world.Finish(sent));

            Assert.Equal(Enumerable.Range(0, Records).Select(i => $"{i}"), topic.Partitions[0].Values);
        });

    /// <summary>
    /// A response with a wrong bit may say anything. Whatever it says, each record stands in the log once at most and in order, and the
    /// next ones go through.
    /// </summary>
    [Fact]
    public void A_broker_that_lies_in_any_byte_of_a_response_doubles_and_reorders_nothing() =>
        OneThread.Run(context =>
        {
            for (int at = 0; at < 90; at++)
            {
                foreach (byte bit in new byte[] { 1, 0x80 })
                {
                    using FakeCluster world = new(context);
                    FakeTopic topic = world.AddTopic("t");
                    Producer producer = world.Connect().CreateProducer();
                    world.Finish(producer.ProduceAsync("t", Record(0, 0)));
                    bool lies = true;
                    world.Brokers[0].Distort = frame =>
                    {
                        if (lies && at < frame.Length)
                        {
                            frame[at] ^= bit;
                        }

                        lies = false;
                        return frame;
                    };

                    List<Task<ProduceResult>> results =
                    [
                        .. Enumerable.Range(1, 3).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Record(i, 0)))),
                    ];
                    for (int second = 0; second < 130; second++)
                    {
                        world.Advance(TimeSpan.FromSeconds(1));
                    }

                    Assert.All(results, sent => Assert.True(sent.IsCompleted, $"byte {at}"));
                    ProduceResult after = world.Finish(producer.ProduceAsync("t", Record(4, 0)));

                    List<int> values = [.. topic.Partitions[0].Values.Select(int.Parse)];
                    Assert.Equal(values.Distinct().Order(), values);
                    Assert.Equal(4, values[^1]);
                    Assert.Equal(values.Count - 1, after.Offset.Value);
                    Assert.All(
                        results.Select((sent, i) => (sent, i)),
                        each => Assert.True(!each.sent.IsCompletedSuccessfully || values.Contains(each.i + 1))
                    );
                }
            }
        });

    [Fact]
    public void A_quotas_penalty_is_waited_out_before_the_next_request_on_the_connection() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Record(0, 0)));
            bool throttles = true;
            world.Intercept = (_, message) =>
            {
                if (message is not ProduceRequest produce || !throttles)
                {
                    return null;
                }

                throttles = false;
                ProduceResponse response = new()
                {
                    ThrottleTimeMs = 700,
                    Responses =
                    [
                        new()
                        {
                            Name = "t",
                            TopicId = produce.TopicData[0].TopicId,
                            PartitionResponses = [new() { Index = 0, BaseOffset = new Offset(1) }],
                        },
                    ],
                };
                return new Reply(response, Apply: true);
            };
            world.Finish(producer.ProduceAsync("t", Record(1, 0)));
            int before = world.Received<ProduceRequest>().Count;

            Task<ProduceResult> next = FakeCluster.Start(producer.ProduceAsync("t", Record(2, 0)));
            world.Pass(TimeSpan.FromMilliseconds(690));
            Assert.Equal(before, world.Received<ProduceRequest>().Count);
            world.Pass(TimeSpan.FromMilliseconds(50));

            Assert.Equal(before + 1, world.Received<ProduceRequest>().Count);
            Assert.True(next.IsCompletedSuccessfully);
        });

    [Theory]
    [InlineData(ErrorCode.RebootstrapRequired)]
    [InlineData(ErrorCode.None)]
    public void A_broker_that_knows_the_cluster_no_longer_is_left_for_the_next_one(ErrorCode code) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 3);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Record(0, 0)));
            topic.Partitions[0].Leader = new NodeId(2);
            world.Intercept = (node, message) =>
                message is MetadataRequest && node.Value < 2 ? new Reply(new MetadataResponse { ErrorCode = code }) : null;

            world.Finish(producer.ProduceAsync("t", Record(1, 0)));

            Assert.Equal(["0", "1"], topic.Partitions[0].Values);
        });

    private static ProducerRecord Record(int value, int partition) =>
        new(null, Encoding.ASCII.GetBytes($"{value}")) { Partition = partition };
}
