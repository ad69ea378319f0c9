using System.Runtime.CompilerServices;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.Consume;

/// <summary>
/// A consumer of keys and values that deserializers read from bytes; for all else it is the <see cref="Consume.Consumer"/> that it reads
/// from.
/// </summary>
public sealed class Consumer<TKey, TValue> : IAsyncDisposable
{
    private const int DefaultBatch = 500;
    private readonly TypedRecordReader<TKey, TValue> _reader;

    /// <summary>Reads from a consumer, which is disposed with this one.</summary>
    /// <param name="inner">Where the bytes come from.</param>
    /// <param name="keys">Reads keys.</param>
    /// <param name="values">Reads values.</param>
    public Consumer(Consumer inner, IDeserializer<TKey> keys, IDeserializer<TValue> values)
    {
        Inner = inner;
        _reader = new TypedRecordReader<TKey, TValue>(keys, values);
    }

    /// <summary>The consumer of bytes below: positions, commits, pauses and lag are its.</summary>
    public Consumer Inner { get; }

    /// <inheritdoc cref="Consume.Consumer.Subscribe(IReadOnlyList{string}, IRebalanceListener?)"/>
    public void Subscribe(IReadOnlyList<string> topics, IRebalanceListener? listener = null) => Inner.Subscribe(topics, listener);

    /// <inheritdoc cref="Consume.Consumer.CommitAsync(CancellationToken)"/>
    public ValueTask CommitAsync(CancellationToken cancel = default) => Inner.CommitAsync(cancel);

    /// <summary>As <see cref="Consume.Consumer.ConsumeAsync"/>.</summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="RecordSerializationException">A key or value cannot be read. Reading goes on at its record: seek behind it to leave
    /// it out.</exception>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public async IAsyncEnumerable<ConsumedRecord<TKey, TValue>> ConsumeAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (ConsumedRecord record in Inner.ConsumeAsync(cancel))
        {
            yield return _reader.Read(record);
        }
    }

    /// <summary>As <see cref="Consume.Consumer.ConsumeBatchesAsync"/>.</summary>
    /// <param name="maxRecords">The most records of a batch.</param>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="RecordSerializationException">A key or value cannot be read. Reading goes on at its batch.</exception>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public async IAsyncEnumerable<IReadOnlyList<ConsumedRecord<TKey, TValue>>> ConsumeBatchesAsync(
        int maxRecords = DefaultBatch,
        [EnumeratorCancellation] CancellationToken cancel = default
    )
    {
        await foreach (IReadOnlyList<ConsumedRecord> batch in Inner.ConsumeBatchesAsync(maxRecords, cancel))
        {
            yield return [.. batch.Select(_reader.Read)];
        }
    }

    /// <summary>
    /// As <see cref="Consume.Consumer.ProcessAsync"/>. A key or value that cannot be read ends the processing, as a handler that fails
    /// does.
    /// </summary>
    /// <inheritdoc cref="Consume.Consumer.ProcessAsync" path="/param"/>
    /// <exception cref="RecordSerializationException">A key or value cannot be read.</exception>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public Task ProcessAsync(
        Func<ConsumedRecord<TKey, TValue>, CancellationToken, ValueTask> handler,
        ProcessingOptions? options = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Inner.ProcessAsync((record, abandoned) => handler(_reader.Read(record), abandoned), options, cancel);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
