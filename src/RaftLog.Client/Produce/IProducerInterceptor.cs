namespace RaftLog.Client.Produce;

/// <summary>Sees every record of a producer when it is handed over and when it has ended. Used by many threads at once.</summary>
public interface IProducerInterceptor
{
    /// <summary>A record was handed over. What this throws fails the record, which is not sent.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record, with bytes that may be kept until it has ended.</param>
    /// <param name="state">What <see cref="OnEnd"/> is to get back; null for nothing.</param>
    /// <returns>The record to send: the same, or another.</returns>
    ProducerRecord OnProduce(string topic, in ProducerRecord record, out object? state)
    {
        state = null;
        return record;
    }

    /// <summary>A record has ended. What this throws is lost.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="result">Where it stands; nowhere after a failure.</param>
    /// <param name="failure">Why it was not acknowledged, or null.</param>
    /// <param name="state">What <see cref="OnProduce"/> has left.</param>
    void OnEnd(string topic, in ProduceResult result, Exception? failure, object? state) { }
}
