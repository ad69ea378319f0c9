using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>
/// Who hears of the end of one record: what its producer awaits, a callback, or nobody. A value, so that a record with a callback needs no
/// object of its own.
/// </summary>
internal readonly struct RecordEnd
{
    private readonly object? _listener;

    /// <param name="listener">What is awaited.</param>
    /// <param name="isPinned">True when the caller named the partition.</param>
    public RecordEnd(RecordCompletion listener, bool isPinned) => (_listener, IsPinned) = (listener, isPinned);

    /// <param name="delivered">The callback, or null.</param>
    /// <param name="isPinned">True when the caller named the partition.</param>
    public RecordEnd(Action<ProduceResult, Exception?>? delivered, bool isPinned) => (_listener, IsPinned) = (delivered, isPinned);

    /// <summary>True when its caller named the partition: the record may go to no other.</summary>
    public bool IsPinned { get; }

    public void Succeed(int partition, Offset offset)
    {
        if (_listener is RecordCompletion awaited)
        {
            awaited.Succeed(partition, offset);
        }
        else if (_listener is Action<ProduceResult, Exception?> delivered)
        {
            Tell(delivered, new ProduceResult(partition, offset), null);
        }
    }

    public void Fail(KafkaException reason)
    {
        if (_listener is RecordCompletion awaited)
        {
            awaited.Fail(reason);
        }
        else if (_listener is Action<ProduceResult, Exception?> delivered)
        {
            Tell(delivered, default, reason);
        }
    }

    /// <summary>Awaits a record for a callback.</summary>
    public static async Task TellAsync(ValueTask<ProduceResult> produced, Action<ProduceResult, Exception?>? delivered)
    {
        try
        {
            ProduceResult result = await produced;
            Tell(delivered, result, null);
        }
        catch (Exception e)
        {
            Tell(delivered, default, e);
        }
    }

    private static void Tell(Action<ProduceResult, Exception?>? delivered, ProduceResult result, Exception? failure)
    {
        try
        {
            delivered?.Invoke(result, failure);
        }
        catch (Exception)
        {
            // A callback that fails must not end the loop that sends, and there is nobody to tell.
        }
    }
}
