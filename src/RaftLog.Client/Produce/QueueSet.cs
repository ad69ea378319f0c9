using RaftLog.Client.Connections;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>All queues of a producer, and the ends of records that never reach a broker.</summary>
internal sealed class QueueSet(ProducerOptions options, ClientRuntime runtime, BatchOutcomes outcomes)
{
    private const long ExpiryCheckMs = 1000;

    private readonly Lock _lock = new();
    private PartitionQueue[] _all = [];
    private int _replaced;

    /// <summary>The queues now.</summary>
    public IReadOnlyList<PartitionQueue> All => Volatile.Read(ref _all);

    /// <summary>How often queues were exchanged: whoever saw all queues before has not seen those that came since.</summary>
    public int Replaced => Volatile.Read(ref _replaced);

    /// <summary>When <see cref="FailExpired"/> is to be called next; <see cref="long.MaxValue"/> for never. The sender's alone.</summary>
    public long NextExpiryMs { get; private set; } = long.MaxValue;

    /// <summary>Takes out some and puts in others; those that are in stay.</summary>
    public void Exchange(IReadOnlyList<PartitionQueue> before, IReadOnlyList<PartitionQueue> after)
    {
        lock (_lock)
        {
            HashSet<PartitionQueue> all = [.. _all];
            all.ExceptWith(before);
            all.UnionWith(after);
            Volatile.Write(ref _all, [.. all]);
        }
    }

    /// <summary>The records of queues that were taken out are in those that were put in.</summary>
    public void EndReplace() => Interlocked.Increment(ref _replaced);

    /// <summary>Looks through all queues now and then, as long as there is anything in them, for what has waited too long.</summary>
    /// <param name="nowMs">Now.</param>
    /// <param name="hasWork">True when there is something in a queue.</param>
    public void FailExpired(long nowMs, bool hasWork)
    {
        if (NextExpiryMs == long.MaxValue && hasWork)
        {
            NextExpiryMs = nowMs + ExpiryCheckMs;
        }

        if (nowMs < NextExpiryMs)
        {
            return;
        }

        PartitionQueue[] queues = Volatile.Read(ref _all);
        outcomes.Fail(
            queues,
            nowMs - (long)options.DeliveryTimeout.TotalMilliseconds,
            batch =>
                batch.Unacknowledged(
                    ErrorCode.RequestTimedOut,
                    $"the record was not acknowledged within {options.DeliveryTimeout.TotalSeconds} s (delivery.timeout.ms)"
                )
        );
        NextExpiryMs = Array.TrueForAll(queues, queue => queue.IsEmpty) ? long.MaxValue : nowMs + ExpiryCheckMs;
    }

    /// <summary>Fails what is in the queues of a producer that is closed.</summary>
    public void FailClosed() =>
        outcomes.Fail(
            All,
            long.MaxValue,
            batch =>
                batch.Unacknowledged(
                    ErrorCode.NetworkException,
                    runtime.Failure ?? "the producer was closed before the record was acknowledged"
                )
        );

    /// <summary>Fails what is in the queues for one reason.</summary>
    public void Fail(KafkaException reason) => outcomes.Fail(All, long.MaxValue, _ => reason);

    /// <summary>Fails what has not left of a transaction that will not be committed.</summary>
    public void FailRejected() => outcomes.FailRejected(All);
}
