using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>Who reads, and so how far.</summary>
public enum Audience
{
    /// <summary>A client that reads up to the high watermark.</summary>
    Uncommitted,

    /// <summary>A client that reads up to the last stable offset (KIP-98).</summary>
    Committed,

    /// <summary>A follower, which reads up to the log end.</summary>
    Follower,
}

/// <summary>
/// One fetch that waits for something to read. It registers with each of its partitions (<see cref="Partition.Watch(in DataInterest, DataWait)"/>),
/// awaits, and looks again; any of them wakes it, by data or by a change of leadership. Dispose it when the request is answered.
/// </summary>
public sealed class DataWait(Waiters waiters) : IDisposable
{
    private volatile bool _over;

    internal AsyncSignal Signal { get; } = new(waiters);

    internal bool IsOver => _over;

    /// <summary>Waits for the first partition to have news since the last wait; <see cref="WaitOutcome.Expired"/> when the time is over first.</summary>
    public ValueTask<WaitOutcome> WaitAsync(TimeSpan timeout) => Signal.WaitAsync(timeout);

    /// <inheritdoc />
    public void Dispose() => _over = true;
}

/// <summary>What news a fetch waits for.</summary>
/// <param name="Audience">Who reads.</param>
/// <param name="Limit">Wake when more than this can be read: the limit of the last <see cref="PartitionRead"/>.</param>
/// <param name="KnownHighWatermark">Wake also when the high watermark is above this (KIP-1166); the largest number for who does not ask.</param>
public readonly record struct DataInterest(Audience Audience, Offset Limit, Offset KnownHighWatermark)
{
    /// <summary>The high watermark of a reader that does not want to be told.</summary>
    public static readonly Offset NoHighWatermark = new(long.MaxValue);
}
