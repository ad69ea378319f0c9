namespace RaftLog.Broker.Partitions;

/// <summary>
/// Holds back the throttled replicas of a node so that together they copy at most so many bytes a second (KIP-73). What is copied is paid
/// for with a pause afterwards, so a batch larger than a second's bytes still comes through, once.
/// </summary>
internal sealed class ReplicationThrottle
{
    private readonly Lock _gate = new();
    private long? _bytesPerSecond;
    private long _paidAtMs;

    /// <summary>
    /// Sets the limit, null for none; false when it is the same as before. A new limit forgets what was copied under the old one.
    /// </summary>
    public bool TryLimit(long? bytesPerSecond)
    {
        lock (_gate)
        {
            if (bytesPerSecond == _bytesPerSecond)
            {
                return false;
            }

            _bytesPerSecond = bytesPerSecond;
            _paidAtMs = 0;
            return true;
        }
    }

    /// <summary>When the next bytes may be asked for, in monotonic milliseconds: not after <paramref name="nowMs"/> means now.</summary>
    public long OpensAtMs(long nowMs)
    {
        lock (_gate)
        {
            return _bytesPerSecond switch
            {
                null => nowMs,
                0 => long.MaxValue,
                _ => _paidAtMs,
            };
        }
    }

    /// <summary>Throttled replicas have copied so many bytes.</summary>
    public void Copied(long nowMs, int bytes)
    {
        lock (_gate)
        {
            if (_bytesPerSecond is > 0 and { } rate)
            {
                _paidAtMs = Math.Max(_paidAtMs, nowMs) + (bytes * 1000L / rate);
            }
        }
    }
}
