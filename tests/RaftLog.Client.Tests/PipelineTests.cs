using System.Text;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>
/// Many requests under way to several brokers, while leaders move, connections are cut, and requests and responses are lost: each record
/// stands in its log once, in order, and under the offset that its producer was told.
/// </summary>
public class PipelineTests
{
    private const int Brokers = 3;
    private const int Partitions = 4;
    private const int Rounds = 8;
    private const int RecordsOfRound = 24;

    /// <summary>Of 1,024 bytes: a batch has room for one, so that as many requests are under way as a producer allows.</summary>
    private static readonly string Padding = new('x', 600);

    [Property(40)]
    public void Nothing_is_lost_doubled_or_reordered_whatever_fails_under_a_full_pipeline(int seed) =>
        OneThread.Run(context =>
        {
            Random random = new(seed);
            using FakeCluster world = new(context, Brokers) { ResponseTime = TimeSpan.FromMilliseconds(20) };
            CuttingNetwork network = world.Cut();
            FakeTopic topic = world.AddTopic("t", Partitions);
            Faults faults = new(random, topic);
            world.Intercept = faults.Bend;
            network.CutNow = faults.MoveSome;
            Producer producer = world
                .Connect(options => options with { RequestTimeout = TimeSpan.FromSeconds(2) })
                .CreateProducer(new ProducerOptions { BatchSize = 1024, DeliveryTimeout = TimeSpan.FromMinutes(5) });

            List<(int Value, int Partition, Task<ProduceResult> Result)> sent = [];
            for (int round = 0; round < Rounds; round++)
            {
                network.Arm(random.Next(8000), received: random.Next(2) == 0, cuts: random.Next(3));
                for (int i = 0; i < RecordsOfRound; i++)
                {
                    int partition = random.Next(Partitions);
                    int value = sent.Count;
                    sent.Add((value, partition, FakeCluster.Start(producer.ProduceAsync("t", Record(value, partition)))));
                }

                world.Pass(TimeSpan.FromMilliseconds(random.Next(300)));
            }

            faults.End();
            network.Arm(0, received: false, cuts: 0);
            foreach ((int value, int partition, Task<ProduceResult> result) in sent)
            {
                ProduceResult written = world.Finish(result);
                Assert.Equal(partition, written.Partition);
                Assert.Equal($"{value}", topic.Partitions[partition].Values.ElementAt((int)written.Offset.Value)[Padding.Length..]);
            }

            for (int partition = 0; partition < Partitions; partition++)
            {
                Assert.Equal(
                    sent.Where(each => each.Partition == partition).Select(each => $"{each.Value}"),
                    topic.Partitions[partition].Values.Select(value => value[Padding.Length..])
                );
            }

            Assert.True(faults.Bent > 0, "nothing went wrong");
        });

    private static ProducerRecord Record(int value, int partition) =>
        new(null, Encoding.ASCII.GetBytes($"{Padding}{value}")) { Partition = partition };

    /// <summary>What goes wrong with produce requests, by chance.</summary>
    private sealed class Faults(Random random, FakeTopic topic)
    {
        private bool _ended;

        /// <summary>How many requests something went wrong with.</summary>
        public int Bent { get; private set; }

        /// <summary>From now on all goes well.</summary>
        public void End() => _ended = true;

        public void MoveSome()
        {
            FakePartition moved = topic.Partitions[random.Next(Partitions)];
            moved.Leader = new NodeId((moved.Leader.Value + 1 + random.Next(Brokers - 1)) % Brokers);
            moved.Epoch = new LeaderEpoch(moved.Epoch.Value + 1);
        }

        public Reply? Bend(NodeId _, IMessage message)
        {
            if (message is not ProduceRequest || _ended)
            {
                return null;
            }

            int kind = random.Next(12);
            Bent += kind < 4 ? 1 : 0;
            if (kind is 2 or 3)
            {
                MoveSome();
            }

            // Lost with its connection: the request (1, 3), or the response to it (0).
            return kind switch
            {
                0 => new Reply(null, Apply: true, Reset: true),
                1 or 3 => new Reply(null, Reset: true),
                _ => null,
            };
        }
    }
}
