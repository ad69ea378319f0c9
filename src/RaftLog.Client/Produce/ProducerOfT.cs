using RaftLog.Client.Serialization;
using RaftLog.Client.Transactions;

namespace RaftLog.Client.Produce;

/// <summary>
/// A producer of keys and values that serializers turn into bytes; for all else it is the <see cref="Produce.Producer"/> that it writes to.
/// </summary>
public sealed class Producer<TKey, TValue> : IAsyncDisposable
{
    private const int MaxSpare = 16;

    private readonly ISerializer<TKey> _keys;
    private readonly ISerializer<TValue> _values;
    private readonly Lock _lock = new();
    private readonly Stack<RecordWriter<TKey, TValue>> _spare = new();

    /// <summary>Writes to a producer, which is disposed with this one.</summary>
    /// <param name="inner">Where the bytes go.</param>
    /// <param name="keys">Turns keys into bytes.</param>
    /// <param name="values">Turns values into bytes.</param>
    public Producer(Producer inner, ISerializer<TKey> keys, ISerializer<TValue> values)
    {
        Inner = inner;
        _keys = keys;
        _values = values;
    }

    /// <summary>The producer of bytes below, which may be used beside this one.</summary>
    public Producer Inner { get; }

    /// <summary>As <see cref="Produce.Producer.ProduceAsync"/>. Key and value are serialized before this returns.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="RecordSerializationException">Key or value cannot be written; nothing was sent.</exception>
    /// <exception cref="KafkaException">The cluster rejected the record, or did not acknowledge it in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<ProduceResult> ProduceAsync(string topic, in ProducerRecord<TKey, TValue> record, CancellationToken cancel = default)
    {
        RecordWriter<TKey, TValue> writer = Rent();
        try
        {
            return Inner.AcceptAsync(topic, Write(writer, topic, record), borrowsBytes: true, cancel);
        }
        catch (RecordSerializationException e)
        {
            return ValueTask.FromException<ProduceResult>(e);
        }
        finally
        {
            Return(writer);
        }
    }

    /// <summary>A record of key and value alone.</summary>
    /// <inheritdoc cref="ProduceAsync(string, in ProducerRecord{TKey, TValue}, CancellationToken)"/>
    public ValueTask<ProduceResult> ProduceAsync(string topic, TKey key, TValue value, CancellationToken cancel = default) =>
        ProduceAsync(topic, new ProducerRecord<TKey, TValue>(key, value), cancel);

    /// <summary>As <see cref="Produce.Producer.Produce"/>.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="delivered">Called once it has ended, or null.</param>
    /// <exception cref="RecordSerializationException">Key or value cannot be written; nothing was sent.</exception>
    /// <exception cref="KafkaException">The record is too large, the buffer is full, the producer is closed, or no transaction is
    /// open.</exception>
    public void Produce(string topic, in ProducerRecord<TKey, TValue> record, Action<ProduceResult, Exception?>? delivered = null)
    {
        RecordWriter<TKey, TValue> writer = Rent();
        try
        {
            Inner.Produce(topic, Write(writer, topic, record), delivered);
        }
        finally
        {
            Return(writer);
        }
    }

    /// <summary>As <see cref="Produce.Producer.EnqueueAsync"/>. Key and value are serialized before this returns.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="delivered">Called once it has ended, or null.</param>
    /// <param name="cancel">Ends the wait; the record is not sent then.</param>
    /// <exception cref="RecordSerializationException">Key or value cannot be written; nothing was sent.</exception>
    /// <exception cref="KafkaException">The record is too large, or found no room or no metadata in time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask EnqueueAsync(
        string topic,
        in ProducerRecord<TKey, TValue> record,
        Action<ProduceResult, Exception?>? delivered = null,
        CancellationToken cancel = default
    )
    {
        RecordWriter<TKey, TValue> writer = Rent();
        try
        {
            ValueTask enqueued = Inner.EnqueueAsync(topic, Write(writer, topic, record), delivered, cancel);
            if (enqueued.IsCompleted)
            {
                Return(writer);
                return enqueued;
            }

            // The record waits with the writer's bytes.
            return ReturnAfterAsync(enqueued, writer);
        }
        catch (RecordSerializationException e)
        {
            Return(writer);
            return ValueTask.FromException(e);
        }
    }

    private async ValueTask ReturnAfterAsync(ValueTask enqueued, RecordWriter<TKey, TValue> writer)
    {
        try
        {
            await enqueued;
        }
        finally
        {
            Return(writer);
        }
    }

    /// <inheritdoc cref="Produce.Producer.InitTransactionsAsync"/>
    public ValueTask InitTransactionsAsync(CancellationToken cancel = default) => Inner.InitTransactionsAsync(cancel);

    /// <inheritdoc cref="Produce.Producer.BeginTransaction"/>
    public Transaction BeginTransaction() => Inner.BeginTransaction();

    /// <inheritdoc cref="Produce.Producer.FlushAsync(CancellationToken)"/>
    public ValueTask FlushAsync(CancellationToken cancel = default) => Inner.FlushAsync(cancel);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Inner.DisposeAsync();

    private static ProducerRecord Write(RecordWriter<TKey, TValue> writer, string topic, in ProducerRecord<TKey, TValue> record)
    {
        (ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value) = writer.Write(topic, record.Key, record.Value);
        return new ProducerRecord(key, value)
        {
            Headers = record.Headers,
            Partition = record.Partition,
            TimestampMs = record.TimestampMs,
        };
    }

    private RecordWriter<TKey, TValue> Rent()
    {
        lock (_lock)
        {
            if (_spare.TryPop(out RecordWriter<TKey, TValue>? spare))
            {
                return spare;
            }
        }

        return new RecordWriter<TKey, TValue>(_keys, _values);
    }

    private void Return(RecordWriter<TKey, TValue> writer)
    {
        lock (_lock)
        {
            if (_spare.Count < MaxSpare && writer.IsReusable)
            {
                _spare.Push(writer);
            }
        }
    }
}
