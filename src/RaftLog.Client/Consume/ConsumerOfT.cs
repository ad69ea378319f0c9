using System.Buffers;
using System.Runtime.CompilerServices;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.Consume;

/// <summary>A consumer of keys and values that deserializers read from bytes; for all else it is the <see cref="Consume.Consumer"/> that it reads from.</summary>
public sealed class Consumer<TKey, TValue> : IAsyncDisposable
{
    private readonly IDeserializer<TKey> _keys;
    private readonly IDeserializer<TValue> _values;

    /// <summary>Reads from a consumer, which is disposed with this one.</summary>
    /// <param name="inner">Where the bytes come from.</param>
    /// <param name="keys">Reads keys.</param>
    /// <param name="values">Reads values.</param>
    public Consumer(Consumer inner, IDeserializer<TKey> keys, IDeserializer<TValue> values)
    {
        Inner = inner;
        _keys = keys;
        _values = values;
    }

    /// <summary>The consumer of bytes below: positions, commits, pauses and lag are its.</summary>
    public Consumer Inner { get; }

    /// <inheritdoc cref="Consume.Consumer.Subscribe(IReadOnlyList{string}, IRebalanceListener?)"/>
    public void Subscribe(IReadOnlyList<string> topics, IRebalanceListener? listener = null) => Inner.Subscribe(topics, listener);

    /// <inheritdoc cref="Consume.Consumer.CommitAsync(CancellationToken)"/>
    public ValueTask CommitAsync(CancellationToken cancel = default) => Inner.CommitAsync(cancel);

    /// <summary>As <see cref="Consume.Consumer.ConsumeAsync"/>.</summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="RecordSerializationException">A key or value cannot be read. Reading goes on at its record: seek behind it to leave it out.</exception>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public async IAsyncEnumerable<ConsumedRecord<TKey, TValue>> ConsumeAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (ConsumedRecord record in Inner.ConsumeAsync(cancel))
        {
            yield return Read(record);
        }
    }

    /// <summary>As <see cref="Consume.Consumer.ProcessAsync"/>. A key or value that cannot be read ends the processing, as a handler that fails does.</summary>
    /// <inheritdoc cref="Consume.Consumer.ProcessAsync" path="/param"/>
    /// <exception cref="RecordSerializationException">A key or value cannot be read.</exception>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public Task ProcessAsync(
        Func<ConsumedRecord<TKey, TValue>, CancellationToken, ValueTask> handler, ProcessingOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Inner.ProcessAsync((record, abandoned) => handler(Read(record), abandoned), options, cancel);
    }

    /// <summary>Reads key and value of a record.</summary>
    /// <exception cref="RecordSerializationException">One of them cannot be read.</exception>
    public ConsumedRecord<TKey, TValue> Read(ConsumedRecord record) =>
        new(record, Read(_keys, record.Key, record, RecordPart.Key), Read(_values, record.Value, record, RecordPart.Value));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Inner.DisposeAsync();

    private static T Read<T>(IDeserializer<T> form, byte[]? bytes, ConsumedRecord record, RecordPart part)
    {
        SerializationContext context = new(record.Partition.Topic, part);
        try
        {
            return bytes is null ? form.DeserializeNull(context) : form.Deserialize(new ReadOnlySequence<byte>(bytes), context);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new RecordSerializationException(
                context, $"the {(part == RecordPart.Key ? "key" : "value")} of {record.Partition} at offset {record.Offset} cannot be read as {typeof(T).Name}: {e.Message}", e);
        }
    }
}
