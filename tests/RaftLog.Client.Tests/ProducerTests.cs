using System.Text;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

public class ProducerTests
{
    [Fact]
    public void A_record_is_acknowledged_with_its_offset() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(new ProduceResult(0, new Offset(i)), world.Finish(producer.ProduceAsync("t", Text($"v{i}"))));
            }

            Assert.Equal(Enumerable.Range(0, 10).Select(i => $"v{i}"), topic.Partitions[0].Values);
        });

    [Fact]
    public void Key_value_and_headers_arrive_as_they_were_given() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            world.Finish(
                producer.ProduceAsync(
                    "t",
                    new ProducerRecord("k"u8.ToArray(), null)
                    {
                        TimestampMs = 1234,
                        Headers = new[] { new RecordHeader("h", "x"u8.ToArray()), new RecordHeader("h", null) },
                    }
                )
            );

            RecordBatch.Read(topic.Partitions[0].Batches[0], out RecordBatch batch);
            using RecordSection section = RecordSection.Open(batch, 1000);
            RecordReader records = section.GetEnumerator();
            Assert.True(records.MoveNext());
            Assert.Equal(1234, records.Current.Timestamp);
            Assert.True(records.Current.Key.Span.SequenceEqual("k"u8));
            Assert.True(records.Current.Value.IsNull);
            Assert.Equal(2, records.Current.Headers.Count);
        });

    /// <summary>It waits for its topic's metadata, while its caller, who does not await it, uses its memory for the next one.</summary>
    [Fact]
    public void A_record_that_waits_keeps_the_headers_that_it_was_given_though_their_memory_changes() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            byte[] value = "x"u8.ToArray();
            RecordHeader[] headers = [new("h", value), new("none", null)];

            producer.Produce("t", new ProducerRecord(null, value) { Headers = headers });
            value[0] = (byte)'y';
            headers[1] = new("other", value);
            world.Finish(producer.FlushAsync());

            RecordBatch.Read(topic.Partitions[0].Batches[0], out RecordBatch batch);
            using RecordSection section = RecordSection.Open(batch, 1000);
            RecordReader records = section.GetEnumerator();
            Assert.True(records.MoveNext());
            List<string> seen = [];
            foreach (RecordHeaders header in records.Current.Headers)
            {
                seen.Add(
                    $"{Encoding.UTF8.GetString(header.Key)}={(header.Value.IsNull ? "null" : Encoding.UTF8.GetString(header.Value.Span))}"
                );
            }

            Assert.Equal(["h=x", "none=null"], seen);
            Assert.True(records.Current.Value.Span.SequenceEqual("x"u8));
        });

    [Fact]
    public void The_key_chooses_the_partition_and_an_explicit_partition_wins() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            world.AddTopic("t", partitions: 6);
            Producer producer = world.Connect().CreateProducer();

            for (int i = 0; i < 50; i++)
            {
                byte[] key = Encoding.UTF8.GetBytes($"key-{i}");
                ProduceResult result = world.Finish(producer.ProduceAsync("t", new ProducerRecord(key, null)));
                Assert.Equal(Murmur2.Partition(key, 6), result.Partition);
            }

            Assert.Equal(5, world.Finish(producer.ProduceAsync("t", Text("x") with { Partition = 5 })).Partition);
            KafkaException absent = world.Fails(() => producer.ProduceAsync("t", Text("x") with { Partition = 6 }));
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, absent.Code);
        });

    [Fact]
    public void What_comes_while_a_batch_is_with_the_broker_leaves_together() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("first")));

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, 1000).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Text($"v{i}")))),
            ];
            world.Finish(producer.FlushAsync());

            Assert.Equal(Enumerable.Range(1, 1000), results.Select(r => (int)world.Finish(r).Offset.Value));
            Assert.Equal(1001, topic.Partitions[0].Values.Count());
            Assert.True(topic.Partitions[0].Batches.Count <= 3, $"{topic.Partitions[0].Batches.Count} batches");
        });

    [Fact]
    public void A_batch_whose_response_was_lost_stands_in_the_log_once() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a")));
            int lost = 3;
            world.Intercept = (_, message) => message is ProduceRequest && lost-- > 0 ? new Reply(null, Apply: true, Reset: true) : null;

            ProduceResult result = world.Finish(producer.ProduceAsync("t", Text("b")));

            Assert.Equal(new Offset(1), result.Offset);
            Assert.Equal(["a", "b"], topic.Partitions[0].Values);
            Assert.True(lost <= 0);
        });

    [Fact]
    public void No_request_is_larger_than_allowed_although_a_batch_might_be() =>
        OneThread.Run(context =>
        {
            const int Largest = 2048;
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { MaxRequestSize = Largest });

            for (int i = 0; i < 200; i++)
            {
                _ = FakeCluster.Start(producer.ProduceAsync("t", Text($"record {i}") with { Partition = i % 2 }));
            }

            world.Finish(producer.FlushAsync());

            Assert.Equal(200, topic.Partitions.Sum(partition => partition.Values.Count()));
            Assert.All(
                world.Received<ProduceRequest>(),
                request =>
                    Assert.InRange(request.TopicData.Sum(each => each.PartitionData.Sum(part => part.Records!.Value.Length)), 1, Largest)
            );
        });

    [Fact]
    public void Order_and_number_survive_any_mixture_of_failures() =>
        OneThread.Run(context =>
        {
            for (int seed = 0; seed < 20; seed++)
            {
                Random chance = new(seed);
                using FakeCluster world = new(context, brokers: 3);
                FakeTopic topic = world.AddTopic("t", partitions: 3);
                Producer producer = world.Connect().CreateProducer(new ProducerOptions { BatchSize = 1024, MaxRequestSize = 2048 });
                world.Intercept = (node, message) =>
                    message is not ProduceRequest
                        ? null
                        : chance.Next(8) switch
                        {
                            0 => new Reply(null, Apply: true, Reset: true),
                            1 => new Reply(null, Apply: false, Reset: true),
                            2 => Move(topic, chance),
                            _ => null,
                        };
                List<Task<ProduceResult>> results = [];
                for (int i = 0; i < 300; i++)
                {
                    results.Add(FakeCluster.Start(producer.ProduceAsync("t", Text($"{i}") with { Partition = i % 3 })));
                    if (chance.Next(20) == 0)
                    {
                        world.Advance(TimeSpan.FromMilliseconds(chance.Next(30)));
                    }
                }

                world.Finish(producer.FlushAsync());

                for (int p = 0; p < 3; p++)
                {
                    Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{(i * 3) + p}"), topic.Partitions[p].Values);
                }

                for (int i = 0; i < 300; i++)
                {
                    Assert.Equal(new ProduceResult(i % 3, new Offset(i / 3)), world.Finish(results[i]));
                }
            }
        });

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicasAfterAppend)]
    [InlineData(ErrorCode.RequestTimedOut)]
    public void A_batch_appended_and_not_acknowledged_is_sent_again_under_its_numbers_and_appended_once(ErrorCode error) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a")));
            int unanswered = 3;
            world.Intercept = (_, message) =>
                message is ProduceRequest produce && unanswered-- > 0 ? new Reply(Respond(produce, error), Apply: true) : null;

            Assert.Equal(new Offset(1), world.Finish(producer.ProduceAsync("t", Text("b"))).Offset);
            Assert.Equal(["a", "b"], topic.Partitions[0].Values);

            // What may stand in the log must not go there under other numbers when the broker no longer knows the old ones.
            unanswered = 1;
            world.Intercept = (_, message) =>
            {
                if (message is not ProduceRequest produce || unanswered-- <= 0)
                {
                    return null;
                }

                Assert.Equal(new Offset(2), topic.Partitions[0].Append(produce.TopicData[0].PartitionData[0].Records!.Value).BaseOffset);
                topic.Partitions[0].ForgetProducers();
                return new Reply(Respond(produce, error));
            };
            world.Fails(() => producer.ProduceAsync("t", Text("c")));
            Assert.Equal(["a", "b", "c"], topic.Partitions[0].Values);
        });

    [Fact]
    public void A_new_leader_is_found_by_asking_for_metadata() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a")));

            topic.Partitions[0].Leader = new NodeId(1);
            topic.Partitions[0].Epoch = new LeaderEpoch(1);

            Assert.Equal(new Offset(1), world.Finish(producer.ProduceAsync("t", Text("b"))).Offset);
        });

    [Fact]
    public void A_batch_that_may_have_been_appended_and_is_given_up_raises_the_epoch() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world
                .Connect(o => o with { RequestTimeout = TimeSpan.FromSeconds(1) })
                .CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(5) });
            world.Finish(producer.ProduceAsync("t", Text("a")));
            bool silent = true;
            world.Intercept = (_, message) => message is ProduceRequest && silent ? new Reply(null) : null;
            KafkaException lost = world.Fails(() => producer.ProduceAsync("t", Text("lost")));
            Assert.Equal(ErrorCode.RequestTimedOut, lost.Code);
            Assert.Contains("has not responded to Produce within 1000 ms", lost.Message, StringComparison.Ordinal);
            silent = false;

            world.Finish(producer.ProduceAsync("t", Text("b")));

            Assert.Equal(["a", "b"], topic.Partitions[0].Values);
            Assert.Equal([-1, 0], world.Received<InitProducerIdRequest>().Select(r => (int)r.ProducerEpoch.Value));
        });

    [Fact]
    public void A_broker_that_has_forgotten_the_producer_costs_an_epoch_and_no_record() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a")));
            topic.Partitions[0].ForgetProducers();

            Assert.Equal(new Offset(1), world.Finish(producer.ProduceAsync("t", Text("b"))).Offset);
            Assert.Equal(new Offset(2), world.Finish(producer.ProduceAsync("t", Text("c"))).Offset);
            Assert.Equal(2, world.Received<InitProducerIdRequest>().Count);
        });

    [Fact]
    public void A_rejected_record_leaves_no_hole() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            bool reject = true;
            world.Intercept = (_, message) =>
                message is ProduceRequest produce && reject ? new Reply(Respond(produce, ErrorCode.InvalidRecord)) : null;

            Assert.Equal(ErrorCode.InvalidRecord, world.Fails(() => producer.ProduceAsync("t", Text("bad"))).Code);
            reject = false;
            world.Finish(producer.ProduceAsync("t", Text("good")));

            Assert.Equal(["good"], topic.Partitions[0].Values);
            Assert.Single(world.Received<InitProducerIdRequest>());
        });

    [Fact]
    public void A_batch_that_the_broker_finds_too_large_is_divided_until_it_fits() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("warm")));
            world.Intercept = (_, message) =>
                message is ProduceRequest produce && produce.TopicData[0].PartitionData[0].Records!.Value.Length > 5000
                    ? new Reply(Respond(produce, ErrorCode.MessageTooLarge))
                    : null;

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, 100).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Text($"{i}".PadRight(1000))))),
            ];
            world.Finish(producer.FlushAsync());

            Assert.Equal(Enumerable.Range(1, 100), results.Select(r => (int)world.Finish(r).Offset.Value));
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), topic.Partitions[0].Values.Skip(1).Select(v => v.Trim()));
            Assert.Equal(ErrorCode.MessageTooLarge, world.Fails(() => producer.ProduceAsync("t", Text(new string('x', 6000)))).Code);
            Assert.Single(world.Received<InitProducerIdRequest>());
        });

    [Fact]
    public void A_leader_that_the_old_one_names_is_believed_without_asking() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a")));
            topic.Partitions[0].Leader = new NodeId(1);
            topic.Partitions[0].Epoch = new LeaderEpoch(1);
            world.Intercept = (node, message) =>
            {
                if (message is not ProduceRequest produce || node != new NodeId(0))
                {
                    return null;
                }

                ProduceResponse response = Respond(produce, ErrorCode.NotLeaderOrFollower);
                response.Responses[0].PartitionResponses[0].CurrentLeader = new()
                {
                    LeaderId = new NodeId(1),
                    LeaderEpoch = new LeaderEpoch(1),
                };
                return new Reply(response);
            };

            Assert.Equal(new Offset(1), world.Finish(producer.ProduceAsync("t", Text("b"))).Offset);

            Assert.Single(world.Received<MetadataRequest>());
        });

    [Fact]
    public void A_partition_without_a_leader_does_not_make_the_client_ask_without_pause() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Text("a") with { Partition = 1 }));
            topic.Partitions[0].Leader = NodeId.None;
            topic.Partitions[0].Epoch = new LeaderEpoch(1);
            Task<ProduceResult> waiting = FakeCluster.Start(producer.ProduceAsync("t", Text("b") with { Partition = 0 }));
            world.Settle();

            int before = world.Received<MetadataRequest>().Count;
            for (int i = 0; i < 1000; i++)
            {
                world.Finish(producer.ProduceAsync("t", Text("c") with { Partition = 1 }));
                world.Advance(TimeSpan.FromMilliseconds(1));
            }

            Assert.InRange(world.Received<MetadataRequest>().Count - before, 5, 40);
            topic.Partitions[0].Leader = new NodeId(0);
            topic.Partitions[0].Epoch = new LeaderEpoch(2);
            Assert.Equal(Offset.Zero, world.Finish(waiting).Offset);
        });

    [Fact]
    public void A_record_above_the_limit_is_rejected_before_it_is_sent() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            KafkaException rejected = world.Fails(() => producer.ProduceAsync("t", new ProducerRecord(null, new byte[1 << 20])));

            Assert.Equal(ErrorCode.MessageTooLarge, rejected.Code);
            Assert.Contains("max.request.size", rejected.Message, StringComparison.Ordinal);
            Assert.Empty(world.Received<ProduceRequest>());
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, new byte[(1 << 20) - 200])));
        });

    [Fact]
    public void At_the_memory_bound_producing_waits_and_goes_on_in_order() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { BatchSize = 1 << 16, BufferMemory = 1 << 16 });
            world.Finish(producer.ProduceAsync("t", Text("warm")));
            bool hold = true;
            world.Intercept = (_, message) => message is ProduceRequest && hold ? new Reply(null, Reset: true) : null;

            List<Task<ProduceResult>> results =
            [
                .. Enumerable
                    .Range(0, 20)
                    .Select(i =>
                        FakeCluster.Start(
                            producer.ProduceAsync("t", new ProducerRecord(null, Encoding.UTF8.GetBytes($"{i}".PadRight(10_000))))
                        )
                    ),
            ];
            world.Settle();
            Assert.DoesNotContain(results, r => r.IsCompleted);
            hold = false;

            results.ForEach(r => world.Finish(r));
            Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), topic.Partitions[0].Values.Skip(1).Select(v => v.Trim()));
        });

    [Fact]
    public void Producing_that_finds_no_memory_in_time_fails_with_the_key_to_change() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world
                .Connect()
                .CreateProducer(
                    new ProducerOptions
                    {
                        BatchSize = 1 << 16,
                        BufferMemory = 1 << 16,
                        MaxBlock = TimeSpan.FromSeconds(2),
                    }
                );
            world.Finish(producer.ProduceAsync("t", Text("warm")));
            world.Intercept = (_, message) => message is ProduceRequest ? new Reply(null) : null;
            _ = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, new byte[60_000])));

            KafkaException full = world.Fails(() => producer.ProduceAsync("t", new ProducerRecord(null, new byte[60_000])));

            Assert.Contains("buffer.memory", full.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void A_topic_that_is_asked_for_first_is_asked_for_once_and_its_records_keep_their_order() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, 100).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Text($"{i}")))),
            ];
            results.ForEach(r => world.Finish(r));

            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), topic.Partitions[0].Values);
            Assert.Single(world.Received<MetadataRequest>());
        });

    [Fact]
    public void Closing_sends_what_is_still_here_and_takes_nothing_more() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMinutes(1) });
            Task<ProduceResult> first = FakeCluster.Start(producer.ProduceAsync("t", Text("a")));
            world.Settle();
            Assert.False(first.IsCompleted);

            world.Finish(producer.DisposeAsync());

            Assert.Equal(["a"], topic.Partitions[0].Values);
            Assert.Equal(ErrorCode.InvalidRequest, world.Fails(() => producer.ProduceAsync("t", Text("b"))).Code);
        });

    [Fact]
    public void Enqueueing_waits_for_room_and_not_for_the_acknowledgement_and_keeps_the_order() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world
                .Connect()
                .CreateProducer(
                    new ProducerOptions
                    {
                        BufferMemory = 1100,
                        BatchSize = 1100,
                        Linger = TimeSpan.FromSeconds(1),
                    }
                );
            world.Finish(producer.ProduceAsync("t", Text("first")));
            List<string> delivered = [];
            List<Task> enqueued = [];
            for (int i = 0; i < 6; i++)
            {
                enqueued.Add(EnqueueAsync(new string((char)('0' + i), 400)));

                async Task EnqueueAsync(string text) =>
                    await producer.EnqueueAsync("t", Text(text), (_, failure) => delivered.Add(failure is null ? text : "failed"));
            }

            world.Settle();
            Assert.True(enqueued[0].IsCompletedSuccessfully, "there is room for one");
            Assert.False(enqueued[^1].IsCompleted, "there is no room for six");
            Assert.Empty(delivered);
            enqueued.ForEach(each => world.Finish(new ValueTask(each)));
            world.Finish(producer.FlushAsync());

            Assert.Equal(["0", "1", "2", "3", "4", "5"], delivered.Select(each => each[..1]));
            Assert.Equal(
                ["first", "0", "1", "2", "3", "4", "5"],
                topic.Partitions[0].Values.Select(each => each.Length == 400 ? each[..1] : each)
            );
            using CancellationTokenSource cancelled = new();
            cancelled.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() => world.Finish(producer.EnqueueAsync("t", Text("x"), null, cancelled.Token)));
        });

    [Fact]
    public void Lingering_gathers_records_for_its_time() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(50) });
            List<Task<ProduceResult>> results = [];
            for (int i = 0; i < 5; i++)
            {
                results.Add(FakeCluster.Start(producer.ProduceAsync("t", Text($"{i}"))));
                world.Advance(TimeSpan.FromMilliseconds(5));
            }

            results.ForEach(r => world.Finish(r));

            Assert.Single(topic.Partitions[0].Batches);
        });

    [Fact]
    public void Without_acknowledgement_a_record_is_done_when_it_is_sent() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Acks = Acks.None });
            world.Intercept = (_, message) => message is ProduceRequest ? new Reply(null, Apply: true) : null;

            Assert.Equal(Offset.None, world.Finish(producer.ProduceAsync("t", Text("a"))).Offset);

            Assert.Equal(["a"], topic.Partitions[0].Values);
            Assert.Empty(world.Received<InitProducerIdRequest>());
        });

    [Fact]
    public void Batches_are_compressed_as_asked() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Compression = CompressionType.Lz4 });

            world.Finish(producer.ProduceAsync("t", Text(new string('x', 5000))));

            RecordBatch.Read(topic.Partitions[0].Batches[0], out RecordBatch batch);
            Assert.Equal(CompressionType.Lz4, batch.Attributes.Compression);
            Assert.True(batch.Size < 1000);
        });

    [Fact]
    public void An_unknown_topic_fails_after_the_time_to_wait_for_it() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { MaxBlock = TimeSpan.FromSeconds(3) });

            KafkaException unknown = world.Fails(() => producer.ProduceAsync("absent", Text("a")));

            Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Code);
            Assert.Contains("CreateTopicsAsync", unknown.Message, StringComparison.Ordinal);
            Assert.Contains("absent", unknown.Message, StringComparison.Ordinal);
        });

    private static Reply? Move(FakeTopic topic, Random chance)
    {
        FakePartition partition = topic.Partitions[chance.Next(topic.Partitions.Count)];
        partition.Leader = new NodeId(chance.Next(3));
        partition.Epoch = partition.Epoch.Next();
        return null;
    }

    private static ProducerRecord Text(string value) => new(null, Encoding.UTF8.GetBytes(value));

    private static ProduceResponse Respond(ProduceRequest request, ErrorCode error) =>
        new()
        {
            Responses = request.TopicData.ConvertAll(t => new ProduceResponse.TopicProduceResponse
            {
                Name = t.Name,
                TopicId = t.TopicId,
                PartitionResponses = t.PartitionData.ConvertAll(p => new ProduceResponse.PartitionProduceResponse
                {
                    Index = p.Index,
                    ErrorCode = error,
                    BaseOffset = Offset.None,
                }),
            }),
        };
}
