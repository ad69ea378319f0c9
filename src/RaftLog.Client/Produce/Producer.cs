using System.Collections.Concurrent;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// Appends records to topics, idempotent unless told otherwise: no record twice, none out of order within its partition, across retries
/// and elections. Records are written straight into the batch that goes to the broker. Safe for concurrent use. <see cref="DisposeAsync"/> sends
/// what is still here.
/// </summary>
public sealed class Producer : IAsyncDisposable
{
    private readonly ProducerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly MetadataCache _metadata;
    private readonly BufferBudget _budget;
    private readonly BatchSource _batches;
    private readonly CompletionPool _completions = new();
    private readonly ProduceSender _sender;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, TopicLane> _lanes = new(StringComparer.Ordinal);
    private bool _closed;

    internal Producer(
        ProducerOptions options, ClientRuntime runtime, ConnectionTable connections, ClusterCalls calls, MetadataCache metadata)
    {
        options.Validate();
        _options = options;
        _runtime = runtime;
        _metadata = metadata;
        _budget = new BufferBudget(runtime.Waiters, options.BufferMemory);
        _batches = new BatchSource(new RecordBatchOptions(options.BatchSize, options.Compression));
        _sender = new ProduceSender(options, runtime, connections, calls, metadata, _budget, _batches);
    }

    /// <summary>
    /// Hands a record over; completes when it is acknowledged as <see cref="ProducerOptions.Acks"/> says. Await the result once, or not at
    /// all. Records to one partition are appended in the order of the calls, awaited or not.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <exception cref="KafkaException">The cluster refused the record, or did not acknowledge it in time.</exception>
    public ValueTask<ProduceResult> ProduceAsync(string topic, in ProducerRecord record)
    {
        long size = RecordBatchBuilder.LargestRecordSize(record.Key, record.Value, record.Headers.Span) + RecordBatch.HeaderSize;
        if (Refusal(topic, size) is { } refusal)
        {
            return ValueTask.FromException<ProduceResult>(refusal);
        }

        ClusterView view = _metadata.View;
        TopicLane lane = _lanes.GetOrAdd(topic, static _ => new TopicLane());
        return lane.IsFree && lane.Topic is { } known && IsCurrent(known, view) && IsIn(known, record) && _budget.TryTake(size)
            ? Append(known, record, size, view)
            : WaitAndAppendAsync(topic, lane, record, size);
    }

    /// <summary>Waits until everything that was handed over before is acknowledged or has failed.</summary>
    /// <exception cref="KafkaException">It took longer than <see cref="ProducerOptions.DeliveryTimeout"/>.</exception>
    public async ValueTask FlushAsync()
    {
        if (!await _sender.FlushAsync(_options.DeliveryTimeout))
        {
            throw new KafkaException(
                ErrorCode.RequestTimedOut, $"flush did not end within {_options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)");
        }
    }

    /// <summary>Sends what is here, waits for its end, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
        }

        await _sender.FlushAsync(_options.DeliveryTimeout);
        _sender.Close();
    }

    private KafkaException? Refusal(string topic, long size)
    {
        if (Volatile.Read(ref _closed) || _sender.IsClosed)
        {
            return new KafkaException(ErrorCode.InvalidRequest, "the producer is closed");
        }

        int limit = Math.Min(_options.MaxRequestSize, _options.BatchSize);
        return size <= limit
            ? null
            : new KafkaException(
                ErrorCode.MessageTooLarge,
                $"a record for topic '{topic}' takes {size} bytes, and at most {limit} fit (max.request.size, batch.size); raise both here and max.message.bytes of the topic, or store large values elsewhere");
    }

    private static bool IsCurrent(ProducerTopic known, ClusterView view) =>
        view.TryGetTopic(known.Name, out TopicView? told) && told.Partitions.Count <= known.PartitionCount;

    private static bool IsIn(ProducerTopic topic, in ProducerRecord record) =>
        record.Partition is not { } partition || (uint)partition < (uint)topic.PartitionCount;

    private ValueTask<ProduceResult> Append(ProducerTopic topic, in ProducerRecord record, long size, ClusterView view)
    {
        RecordCompletion completion = _completions.Rent();
        ValueTask<ProduceResult> task = completion.Task;
        long timestampMs = record.TimestampMs ?? _runtime.Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (topic.Choose(record, view).Append(record, timestampMs, size, _runtime.Waiters.NowMs, completion))
        {
            _sender.Wake();
        }

        return task;
    }

    private async ValueTask<ProduceResult> WaitAndAppendAsync(string topic, TopicLane lane, ProducerRecord record, long size)
    {
        Deadline deadline = new(_runtime.Waiters, _options.MaxBlock);
        ValueTask<ProduceResult> acknowledged;
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            await turn;
            TopicView told = await _metadata.TopicAsync(topic, deadline);
            ProducerTopic known = Learn(lane, told);
            if (!IsIn(known, record))
            {
                throw new KafkaException(
                    ErrorCode.UnknownTopicOrPartition, $"topic '{topic}' has no partition {record.Partition}, only 0 to {known.PartitionCount - 1}");
            }

            if (!await _budget.TakeAsync(size, deadline.Remaining))
            {
                throw new KafkaException(
                    ErrorCode.RequestTimedOut,
                    $"no room in buffer.memory ({_options.BufferMemory} bytes) within {_options.MaxBlock.TotalSeconds} s (max.block.ms): records come faster than the cluster takes them");
            }

            acknowledged = Append(known, record, size, _metadata.View);
        }
        finally
        {
            lane.Leave(done);
        }

        return await acknowledged;
    }

    private ProducerTopic Learn(TopicLane lane, TopicView told)
    {
        lock (_lock)
        {
            if (lane.Topic is { } before && before.PartitionCount >= told.Partitions.Count)
            {
                return before;
            }

            ProducerTopic topic = new(told.Name, told.Partitions.Count, lane.Topic, _batches, _runtime.Entropy);
            _sender.Add(topic.Queues);
            lane.Topic = topic;
            return topic;
        }
    }
}
