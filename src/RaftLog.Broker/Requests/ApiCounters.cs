namespace RaftLog.Broker.Requests;

/// <summary>What a node has counted of one API since it started. Any connection writes, anybody reads.</summary>
internal sealed class ApiCounters
{
    private long _requests;
    private long _errors;
    private long _ticks;

    /// <summary>Requests whose response has left, or that have none.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Error codes in their responses, each of which may stand for a partition, a topic or the whole request.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>
    /// The time that they took, in timestamps of the node's clock: from the last byte of the request until the response was handed to the
    /// socket.
    /// </summary>
    public long Ticks => Volatile.Read(ref _ticks);

    /// <summary>A request has ended.</summary>
    public void Ended(long ticks, int errors)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _ticks, ticks);
        if (errors > 0)
        {
            Interlocked.Add(ref _errors, errors);
        }
    }
}
