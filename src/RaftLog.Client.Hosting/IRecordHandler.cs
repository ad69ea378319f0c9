using RaftLog.Client.Consume;

namespace RaftLog.Client.Hosting;

/// <summary>Handles records of a topic in a host. Each record gets a scope of services, and a handler, of its own.</summary>
public interface IRecordHandler
{
    /// <summary>
    /// Handles one record. It is done when this ends; when it throws, the record is tried again as <see cref="RetryOptions"/> say.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="cancel">Cancelled when nobody waits for the end any more.</param>
    ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel);
}

/// <summary>Handles records of which deserializers have read key and value.</summary>
public interface IRecordHandler<TKey, TValue>
{
    /// <inheritdoc cref="IRecordHandler.HandleAsync"/>
    ValueTask HandleAsync(ConsumedRecord<TKey, TValue> record, CancellationToken cancel);
}
