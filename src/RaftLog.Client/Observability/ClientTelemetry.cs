using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Observability;

/// <summary>
/// Spans, metrics and logs of one client, by OpenTelemetry's semantic conventions for messaging (1.30) and Kafka. Costs nothing while
/// nobody listens.
/// </summary>
internal sealed class ClientTelemetry : IDisposable
{
    private const string OperationName = "messaging.operation.name";
    private const string OperationType = "messaging.operation.type";
    private const string Destination = "messaging.destination.name";
    private const string PartitionId = "messaging.destination.partition.id";
    private const string GroupName = "messaging.consumer.group.name";
    private const string ErrorType = "error.type";

    private readonly ActivitySource _source;
    private readonly Meter _meter;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _consumed;
    private readonly Histogram<double> _sendDuration;
    private readonly Histogram<double> _processDuration;
    private readonly ClientOptions _options;
    private readonly Lock _lock = new();
    private readonly List<Consumer> _consumers = [];

    public ClientTelemetry(ClientOptions options)
    {
        string? version = typeof(ClientTelemetry).Assembly.GetName().Version?.ToString(3);
        _options = options;
        _source = new ActivitySource(TelemetryNames.Source, version);
        MeterOptions meter = new(TelemetryNames.Source) { Version = version };
        _meter = options.MeterFactory?.Create(meter) ?? new Meter(meter);
        _sent = _meter.CreateCounter<long>(
            "messaging.client.sent.messages",
            "{message}",
            "Records that producers handed over and that were acknowledged or failed."
        );
        _consumed = _meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Records that were handed to readers.");
        _sendDuration = _meter.CreateHistogram<double>(
            "messaging.client.operation.duration",
            "s",
            "From handing a record over to its acknowledgement."
        );
        _processDuration = _meter.CreateHistogram<double>("messaging.process.duration", "s", "How long handlers took.");
        _meter.CreateObservableGauge(
            "raftlog.client.consumer.lag",
            Lags,
            "{message}",
            "Offsets before the end of a partition that have not been handed out."
        );
        _meter.CreateObservableGauge("raftlog.client.consumer.assigned", Assigned, "{partition}", "Partitions that a consumer reads.");
        Logger = options.LoggerFactory?.CreateLogger(TelemetryNames.Source) ?? NullLogger.Instance;
    }

    public ILogger Logger { get; }

    /// <summary>True when somebody wants to know of each record that is sent.</summary>
    public bool WatchesSends => _source.HasListeners() || _sent.Enabled || _sendDuration.Enabled;

    /// <summary>Begins the span of a record that is sent; null where nobody wants it.</summary>
    public Activity? StartSend(string topic, in ProducerRecord record)
    {
        Activity? send = _source.CreateActivity($"send {topic}", ActivityKind.Producer);
        if (send is null)
        {
            return null;
        }

        Describe(send, "send", "send", topic);
        send.SetTag("messaging.kafka.message.tombstone", record.Value is null ? true : null);
        return send.Start();
    }

    /// <summary>The record with the span's context in its headers; one that names a context already keeps it.</summary>
    public static ProducerRecord WithContext(Activity send, in ProducerRecord record)
    {
        List<RecordHeader> headers = [.. record.Headers.Span];
        DistributedContextPropagator.Current.Inject(
            send,
            headers,
            static (carrier, name, value) =>
            {
                List<RecordHeader> all = (List<RecordHeader>)carrier!;
                if (!all.Exists(header => header.Key == name))
                {
                    all.Add(new RecordHeader(name, Encoding.UTF8.GetBytes(value)));
                }
            }
        );
        return record with { Headers = headers.ToArray() };
    }

    /// <summary>A record was acknowledged, or has failed.</summary>
    public void Sent(string topic, int? partition, TimeSpan took, Activity? send, Offset offset, Exception? failure)
    {
        TagList tags = new()
        {
            { "messaging.system", "kafka" },
            { OperationName, "send" },
            { Destination, topic },
        };
        if (partition is { } index)
        {
            tags.Add(PartitionId, index.ToString(CultureInfo.InvariantCulture));
            send?.SetTag(PartitionId, index.ToString(CultureInfo.InvariantCulture));
        }

        if (failure is not null)
        {
            tags.Add(ErrorType, TypeOf(failure));
            Fail(send, failure);
        }
        else
        {
            send?.SetTag("messaging.kafka.offset", offset.Value);
        }

        _sent.Add(1, tags);
        tags.Add(OperationType, "send");
        _sendDuration.Record(took.TotalSeconds, tags);
        send?.Dispose();
    }

    /// <summary>Records were handed to a reader.</summary>
    public void Consumed(TopicPartition partition, string? group, int count)
    {
        if (_consumed.Enabled)
        {
            _consumed.Add(count, Tags("poll", partition, group));
        }
    }

    /// <summary>
    /// Begins the span of a record that is handled: a child of the span that its headers name, or of the current one with a link to it.
    /// </summary>
    public Activity? StartProcess(ConsumedRecord record, string? group)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        DistributedContextPropagator.Current.ExtractTraceIdAndState(record.Headers, ReadHeader, out string? parent, out string? state);
        bool isSent = ActivityContext.TryParse(parent, state, isRemote: true, out ActivityContext sender);
        ActivityLink[]? links = isSent ? [new ActivityLink(sender)] : null;
        ActivityContext parentContext = Activity.Current is null && isSent ? sender : default;
        Activity? process = _source.StartActivity($"process {record.Partition.Topic}", ActivityKind.Consumer, parentContext, links: links);
        if (process is not null)
        {
            Describe(process, "process", "process", record.Partition.Topic);
            process.SetTag(PartitionId, record.Partition.Partition.ToString(CultureInfo.InvariantCulture));
            process.SetTag("messaging.kafka.offset", record.Offset.Value);
            process.SetTag(GroupName, group);
            process.SetTag("messaging.kafka.message.tombstone", record.Value is null ? true : null);
        }

        return process;
    }

    /// <summary>A handler has ended.</summary>
    public void Processed(TopicPartition partition, string? group, TimeSpan took, Activity? process, Exception? failure)
    {
        if (_processDuration.Enabled)
        {
            TagList tags = Tags("process", partition, group);
            if (failure is not null)
            {
                tags.Add(ErrorType, TypeOf(failure));
            }

            _processDuration.Record(took.TotalSeconds, tags);
        }

        Fail(process, failure);
        process?.Dispose();
    }

    /// <summary>A consumer whose lag and partitions are shown until <see cref="Remove"/>.</summary>
    public void Add(Consumer consumer)
    {
        lock (_lock)
        {
            _consumers.Add(consumer);
        }
    }

    public void Remove(Consumer consumer)
    {
        lock (_lock)
        {
            _consumers.Remove(consumer);
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        if (_options.MeterFactory is null)
        {
            _meter.Dispose();
        }
    }

    private static void Fail(Activity? activity, Exception? failure)
    {
        if (activity is not null && failure is not null)
        {
            activity.SetStatus(ActivityStatusCode.Error, failure.Message);
            activity.SetTag(ErrorType, TypeOf(failure));
        }
    }

    private static string TypeOf(Exception failure) =>
        failure is KafkaException kafka ? kafka.Code.ToString() : failure.GetType().FullName ?? failure.GetType().Name;

    private static void ReadHeader(object? carrier, string name, out string? value, out IEnumerable<string>? values)
    {
        values = null;
        value = null;
        foreach (RecordHeader header in (IReadOnlyList<RecordHeader>)carrier!)
        {
            if (header.Key == name && header.Value is { } bytes)
            {
                value = Encoding.UTF8.GetString(bytes.Span);
            }
        }
    }

    private static TagList Tags(string operation, TopicPartition partition, string? group)
    {
        TagList tags = new()
        {
            { "messaging.system", "kafka" },
            { OperationName, operation },
            { Destination, partition.Topic },
            { PartitionId, partition.Partition.ToString(CultureInfo.InvariantCulture) },
        };
        if (group is not null)
        {
            tags.Add(GroupName, group);
        }

        return tags;
    }

    private void Describe(Activity activity, string name, string type, string topic)
    {
        activity.SetTag("messaging.system", "kafka");
        activity.SetTag(OperationName, name);
        activity.SetTag(OperationType, type);
        activity.SetTag(Destination, topic);
        activity.SetTag("messaging.client.id", _options.ClientId);
    }

    private List<Measurement<long>> Lags() =>
        [
            .. Consumers()
                .SelectMany(static consumer => consumer.Assigned.Select(partition => (consumer, partition, Lag: consumer.Lag(partition))))
                .Where(static each => each.Lag is not null)
                .Select(static each => new Measurement<long>(each.Lag!.Value, TagsOf(each.consumer, each.partition))),
        ];

    private List<Measurement<long>> Assigned() =>
        [
            .. Consumers()
                .Select(static consumer => new Measurement<long>(
                    consumer.Assigned.Count,
                    new KeyValuePair<string, object?>(GroupName, consumer.GroupId)
                )),
        ];

    private static KeyValuePair<string, object?>[] TagsOf(Consumer consumer, TopicPartition partition) =>
        [
            new(GroupName, consumer.GroupId),
            new(Destination, partition.Topic),
            new(PartitionId, partition.Partition.ToString(CultureInfo.InvariantCulture)),
        ];

    private List<Consumer> Consumers()
    {
        lock (_lock)
        {
            return [.. _consumers];
        }
    }
}
