namespace RaftLog.Storage;

/// <summary>
/// Who wants to know that more bytes are on the disk: the broker, to advance high watermarks and release what waits for them.
/// </summary>
public interface IFlushObserver
{
    /// <summary>
    /// Called once after each group of flushes, from the flusher's loop, with no lock held. <see cref="PartitionLog.FlushedTo"/> of each
    /// log has its new value. The list is only valid during the call, and the next group waits until it returns.
    /// </summary>
    void Flushed(IReadOnlyList<PartitionLog> logs);
}
