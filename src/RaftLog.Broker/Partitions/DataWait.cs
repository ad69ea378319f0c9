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

/// <summary>Who watches a partition for something to read. It is told under the partition's lock, and only takes note.</summary>
internal interface IDataWatcher
{
    /// <summary>True when nobody wants to be told any more.</summary>
    bool IsOver { get; }

    /// <summary>There is what was waited for, or the leadership has changed; the partition has let go of the watcher.</summary>
    void HasUpdates(WakeList wakes);

    /// <summary>The partition has moved, but not in a way that is waited for; the partition goes on telling.</summary>
    void OnLogChanged();
}

/// <summary>
/// One fetch that waits for something to read. It registers with each of its partitions
/// (<see cref="Partition.Watch(in DataInterest, DataWait)"/>),
/// awaits, and looks again; any of them wakes it, by data or by a change of leadership. Dispose it when the request is answered.
/// </summary>
public sealed class DataWait(Waiters waiters) : IDataWatcher, IDisposable
{
    private volatile bool _over;

    internal AsyncSignal Signal { get; } = new(waiters);

    bool IDataWatcher.IsOver => _over;

    /// <summary>
    /// Waits for the first partition to have news since the last wait; <see cref="WaitOutcome.Expired"/> when the time is over first.
    /// </summary>
    public ValueTask<WaitOutcome> WaitAsync(TimeSpan timeout) => Signal.WaitAsync(timeout);

    /// <summary>
    /// Ends the wait under way, and every later one, as <see cref="WaitOutcome.Closed"/>: nobody wants the response any more.
    /// </summary>
    public void Close() => Signal.Close();

    /// <inheritdoc />
    public void Dispose() => _over = true;

    void IDataWatcher.HasUpdates(WakeList wakes) => wakes.Add(Signal);

    void IDataWatcher.OnLogChanged()
    {
        // It looks at all its partitions whenever it is woken.
    }
}

/// <summary>What news a fetch waits for.</summary>
/// <param name="Audience">Who reads.</param>
/// <param name="Limit">Wake when more than this can be read: the limit of the last <see cref="PartitionRead"/>.</param>
/// <param name="KnownHighWatermark">Wake also when the high watermark is above this (KIP-1166); the largest number for who does not
/// ask.</param>
public readonly record struct DataInterest(Audience Audience, Offset Limit, Offset KnownHighWatermark)
{
    /// <summary>
    /// The high watermark and the log start that the watcher has been told of last: where they are others when it registers, it is told at
    /// once. None where that does not matter.
    /// </summary>
    public (Offset HighWatermark, Offset LogStart)? LastSent { get; init; }

    /// <summary>The high watermark of a reader that does not want to be told.</summary>
    public static readonly Offset NoHighWatermark = new(long.MaxValue);

    /// <summary>
    /// What a fetch waits for that has read up to a limit. A follower is told of a higher high watermark without records, since its own
    /// readers wait for it; a consumer reads up to it anyway.
    /// </summary>
    public static DataInterest Of(Audience audience, Offset limit, Offset knownHighWatermark) =>
        new(audience, limit, audience == Audience.Follower ? knownHighWatermark : NoHighWatermark);

    /// <summary>True when a follower knows a lower high watermark than this.</summary>
    public bool IsBehind(Offset highWatermark) => highWatermark > KnownHighWatermark;
}
