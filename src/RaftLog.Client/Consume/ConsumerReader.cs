using RaftLog.Client.Connections;
using RaftLog.Client.Groups;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The reader of a consumer: waits for what is fetched, and does meanwhile what the group asks for. One read at a time.
/// </summary>
internal sealed class ConsumerReader(
    ConsumerOptions options,
    ClientRuntime runtime,
    Assignment assignment,
    FetchLoop fetches,
    ConsumerGroup? group
)
{
    private static readonly TimeSpan Turn = TimeSpan.FromMinutes(1);

    /// <summary>Since when no reader waits, on the client's clock; -1 while one does.</summary>
    private long _leftMs = runtime.Waiters.NowMs;

    /// <summary>For how long nobody has read.</summary>
    public long AwayMs => Volatile.Read(ref _leftMs) is var leftMs && leftMs < 0 ? 0 : runtime.Waiters.NowMs - leftMs;

    /// <summary>The next records of a partition that has room for them; null when none came in time or the caller gave up.</summary>
    /// <exception cref="KafkaException">A partition cannot be read, or the client was closed.</exception>
    public async ValueTask<FetchedRecords?> ReadWhileAsync(TimeSpan timeout, Func<TopicPartition, bool> hasRoom, CancellationToken cancel)
    {
        Volatile.Write(ref _leftMs, -1);
        try
        {
            return await TakeAsync(timeout, hasRoom, cancel);
        }
        finally
        {
            Volatile.Write(ref _leftMs, runtime.Waiters.NowMs);
        }
    }

    /// <summary>The next records as copies, whose reading <see cref="End"/> ends; null now and then.</summary>
    public async ValueTask<CopiedRecords?> CopyNextAsync(CancellationToken cancel)
    {
        using FetchedRecords? records = await ReadWhileAsync(Turn, static _ => true, cancel);
        return records?.Position is { } position ? new CopiedRecords(assignment, records, position) : null;
    }

    /// <summary>Goes on behind what was read of the copies.</summary>
    public void End(CopiedRecords copied)
    {
        if (copied.End() is { Count: > 0 } dropped)
        {
            FetchLoop.Release(dropped);
        }

        fetches.Wake();
    }

    /// <summary>Reads a partition from an offset on again, where it is still assigned and reading is behind the offset.</summary>
    public void GoBack(TopicPartition partition, Offset offset)
    {
        FetchLoop.Release(assignment.GoBack(partition, offset));
        fetches.Wake();
    }

    /// <summary>Lets whoever reads look again.</summary>
    public void Wake() => fetches.Wake();

    private async ValueTask<FetchedRecords?> TakeAsync(TimeSpan timeout, Func<TopicPartition, bool> hasRoom, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.Register(static self => ((FetchLoop)self!).Wake(), fetches);
        CallDeadline deadline = new(runtime.Waiters, timeout);
        while (true)
        {
            if (group is not null)
            {
                await group.PollAsync();
            }

            if (fetches.TryTake(hasRoom) is { } records)
            {
                runtime.Telemetry.Consumed(records.Partition, options.GroupId, records.Count);
                return records;
            }

            if (assignment.Failure is { } failure)
            {
                throw failure;
            }

            if (cancel.IsCancellationRequested || deadline.HasPassed)
            {
                return null;
            }

            if (await fetches.WaitAsync(deadline.Remaining) == WaitOutcome.Closed)
            {
                throw new KafkaException(ErrorCode.NetworkException, runtime.Failure ?? "the cluster's connections were closed");
            }
        }
    }
}
