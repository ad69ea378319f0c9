using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;
using RaftLog.Client.Consume;
using RaftLog.Client.Observability;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>What a client shows of what it does.</summary>
[Collection(nameof(TelemetryTests))]
public class TelemetryTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_span_of_a_handled_record_is_a_child_of_the_span_that_sent_it() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("traced");
            List<Activity> ended = [];
            using ActivityListener listener = Listen(ended);
            KafkaCluster cluster = world.Connect();
            Producer producer = cluster.CreateProducer();
            world.Finish(producer.ProduceAsync("traced", new ProducerRecord(null, "x"u8.ToArray())));
            using CancellationTokenSource stop = new();
            List<ConsumedRecord> handled = [];
            Consumer consumer = cluster.CreateConsumer();
            consumer.Assign(new TopicPartition("traced", 0), StartAt.Beginning);
            Task processing = consumer.ProcessAsync(Handle, cancel: stop.Token);
            world.Advance(Second);
            stop.Cancel();
            world.Finish(new ValueTask(processing));

            Activity send = ended.Single(each => each.DisplayName == "send traced");
            Activity process = ended.Single(each => each.DisplayName == "process traced");
            Assert.Equal((ActivityKind.Producer, ActivityKind.Consumer), (send.Kind, process.Kind));
            Assert.Equal(send.TraceId, process.TraceId);
            Assert.Equal(send.SpanId, process.ParentSpanId);
            Assert.Equal(0L, send.GetTagItem("messaging.kafka.offset"));
            Assert.Equal("0", process.GetTagItem("messaging.destination.partition.id"));
            RecordHeader header = Assert.Single(handled.Single().Headers);
            Assert.Equal(("traceparent", send.Id), (header.Key, Encoding.UTF8.GetString(header.Value!.Value.Span)));

            ValueTask Handle(ConsumedRecord record, CancellationToken abandoned)
            {
                handled.Add(record);
                return ValueTask.CompletedTask;
            }
        });

    [Fact]
    public void A_record_that_names_a_context_keeps_it() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("kept");
            using ActivityListener listener = Listen([]);
            KafkaCluster cluster = world.Connect();
            RecordHeader own = new("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"u8.ToArray());
            world.Finish(
                cluster.CreateProducer().ProduceAsync("kept", new ProducerRecord(null, "x"u8.ToArray()) { Headers = new[] { own } })
            );
            Consumer consumer = cluster.CreateConsumer();
            consumer.Assign(new TopicPartition("kept", 0), StartAt.Beginning);

            using FetchedRecords records = world.Finish(consumer.ReadAsync(Second))!;

            foreach (RecordView record in records)
            {
                Assert.Equal(
                    Encoding.UTF8.GetString(own.Value!.Value.Span),
                    Encoding.UTF8.GetString(Assert.Single(record.ToRecord().Headers).Value!.Value.Span)
                );
            }
        });

    [Fact]
    public void Without_listeners_a_record_gets_no_header() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("plain");
            KafkaCluster cluster = world.Connect();
            world.Finish(cluster.CreateProducer().ProduceAsync("plain", new ProducerRecord(null, "x"u8.ToArray())));
            Consumer consumer = cluster.CreateConsumer();
            consumer.Assign(new TopicPartition("plain", 0), StartAt.Beginning);

            using FetchedRecords records = world.Finish(consumer.ReadAsync(Second))!;

            foreach (RecordView record in records)
            {
                Assert.Empty(record.ToRecord().Headers);
            }
        });

    [Fact]
    public void Metrics_count_what_is_sent_and_read_and_show_the_lag() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("counted");
            Dictionary<string, double> sums = [];
            using MeterListener listener = new();
            listener.InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == TelemetryNames.Source)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, 1, tags));
            listener.Start();
            KafkaCluster cluster = world.Connect();
            Producer producer = cluster.CreateProducer();
            for (int i = 0; i < 3; i++)
            {
                world.Finish(producer.ProduceAsync("counted", new ProducerRecord(null, "x"u8.ToArray())));
            }

            Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { MaxPartitionBytes = 100 });
            consumer.Assign(new TopicPartition("counted", 0), StartAt.Beginning);
            world.Finish(consumer.ReadAsync(Second))!.Dispose();
            listener.RecordObservableInstruments();

            Assert.Equal(3, sums["messaging.client.sent.messages"]);
            Assert.Equal(3, sums["messaging.client.operation.duration"]);
            Assert.Equal(1, sums["messaging.client.consumed.messages"]);
            Assert.Equal(2, sums["raftlog.client.consumer.lag"]);

            void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            {
                foreach (KeyValuePair<string, object?> tag in tags)
                {
                    if (tag is { Key: "messaging.destination.name", Value: "counted" })
                    {
                        sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value;
                    }
                }
            }
        });

    [Fact]
    public void A_partition_that_cannot_be_read_is_logged_with_its_event() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("logged");
            using SeenEvents events = new();
            KafkaCluster cluster = world.Connect(options => options with { LoggerFactory = events });
            Consumer consumer = cluster.CreateConsumer();
            consumer.Assign(new TopicPartition("logged", 0), StartAt.Offset(new Offset(9)));

            world.Fails(() => consumer.ReadAsync(Second));

            SeenEvent told = Assert.Single(events.All);
            Assert.Equal((LogLevel.Error, "PartitionFailed"), (told.Level, told.Name));
        });

    private static ActivityListener Listen(List<Activity> ended)
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}

/// <summary>Listeners hear all clients of the process: the other tests wait meanwhile.</summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public class TelemetryCollection;
