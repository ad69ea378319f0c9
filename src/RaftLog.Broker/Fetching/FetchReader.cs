using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Fetching;

/// <summary>What a look at one partition of a fetch found.</summary>
/// <param name="Target">What was asked.</param>
/// <param name="Partition">The partition; null when this node does not hold it.</param>
/// <param name="Read">What may be read.</param>
/// <param name="HasRecords">True when the read found records that fit.</param>
internal readonly record struct FetchedPartition(FetchTarget Target, Partition? Partition, PartitionRead Read, bool HasRecords)
{
    /// <summary>True when there is something to tell besides records.</summary>
    public bool IsUpdate =>
        Read.Error != ErrorCode.None
        || Read.Diverging is not null
        || Target.LastSentHighWatermark != Read.HighWatermark
        || Target.LastSentLogStart != Read.LogStart;

    /// <summary>True when there is nothing to tell, and nothing to read that did not fit.</summary>
    public bool IsSettled => !IsUpdate && Target.FetchOffset >= Read.Limit;
}

/// <summary>Looks at the partitions of one fetch, as often as it is woken. Looking finds bytes and reads none.</summary>
internal sealed partial class FetchReader(PartitionLookup lookup, Audience audience, NodeId replica, BrokerEpoch replicaEpoch, int maxBytes)
{
    /// <summary>What holds back followers that are not in sync.</summary>
    public required ReplicationThrottle Throttle { get; init; }

    /// <summary>The clock, in monotonic milliseconds.</summary>
    public required Func<long> NowMs { get; init; }

    /// <summary>Who reads.</summary>
    public Audience Audience { get; } = audience;

    /// <summary>Looks at all partitions; true when the response should go now.</summary>
    public bool Look(IReadOnlyCollection<FetchTarget> targets, List<FetchedPartition> found, int minBytes)
    {
        WakeList wakes = new();
        long bytes = 0;
        bool hasUpdate = false;
        foreach (FetchTarget target in targets)
        {
            (Partition? partition, ErrorCode error) = Find(target);
            PartitionRead read = partition is null
                ? Rejected(error)
                : Read(partition, target, (int)Math.Max(0, maxBytes - bytes), bytes == 0, wakes);
            bytes += read.Slice.Length;
            hasUpdate |=
                read.Error != ErrorCode.None || read.Diverging is not null || InterestOf(target, read).IsBehind(read.HighWatermark);
            found.Add(new FetchedPartition(target, partition, read, read.Slice.Length > 0));
            target.IsNamed = false;
        }

        wakes.WakeAll();
        return hasUpdate || bytes >= minBytes;
    }

    /// <summary>
    /// Registers for updates of every partition, of the kind that <see cref="Look"/> takes for one; false when there is some already.
    /// </summary>
    public bool Watch(List<FetchedPartition> found, DataWait wait)
    {
        foreach (FetchedPartition each in found)
        {
            if (each.Partition is { } partition && !partition.Watch(InterestOf(each), wait))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Counts what throttled followers get, once it is sure that they get it.</summary>
    public void Count(List<FetchedPartition> found)
    {
        foreach (FetchedPartition each in found)
        {
            if (each is { HasRecords: true, Partition: { } partition } && IsThrottled(partition))
            {
                Throttle.Copied(NowMs(), each.Read.Slice.Length);
            }
        }
    }

    /// <summary>Lets go of what a look found.</summary>
    public static void Release(List<FetchedPartition> found)
    {
        foreach (FetchedPartition each in found)
        {
            each.Read.Slice.Dispose();
        }

        found.Clear();
    }

    /// <summary>What a partition is to be watched for after a look: what <see cref="Look"/> takes for an update.</summary>
    public DataInterest InterestOf(in FetchedPartition each) => InterestOf(each.Target, each.Read);

    private DataInterest InterestOf(FetchTarget target, in PartitionRead read) =>
        DataInterest.Of(Audience, read.Limit, target.KnownHighWatermark);

    /// <summary>
    /// By the id that the fetch gives, or by name. A session's entry keeps the name that its id once had: when the topic is gone, the
    /// client is told so in Kafka's way, and whether another topic has the name now.
    /// </summary>
    private (Partition? Partition, ErrorCode Error) Find(FetchTarget target)
    {
        FetchKey key = target.Key;
        if (key.TopicId == Uuid.Zero)
        {
            return lookup.ByName(key.Topic, key.Partition);
        }

        (Partition? partition, ErrorCode error) = lookup.ById(key.TopicId, key.Partition);
        if (error == ErrorCode.UnknownTopicId)
        {
            return target.ResolvedName is { } name ? (null, lookup.WhyGone(name, key.Partition)) : (null, error);
        }

        target.ResolvedName ??= partition?.Name.Topic ?? lookup.NameOf(key.TopicId);
        return (partition, error);
    }

    private PartitionRead Read(Partition partition, FetchTarget target, int room, bool isFirst, WakeList wakes)
    {
        FetchPosition position = new(target.CurrentLeaderEpoch, target.FetchOffset, target.LastFetchedEpoch);
        ReadBudget budget = new(Math.Min(room, target.MaxBytes), isFirst ? FirstBatch.ComesWhole : FirstBatch.MustFit);
        if (IsThrottled(partition) && NowMs() is var now && Throttle.OpensAtMs(now) > now)
        {
            // It is told everything but records, and asks again.
            budget = new ReadBudget(0, FirstBatch.MustFit);
        }

        SeededBugFetchesUnnamed(partition, target, position, wakes);
        try
        {
            return Audience == Audience.Follower && target.IsNamed
                ? partition.ReadAsFollower(new(replica, replicaEpoch, target.LogStartOffset, target.Standing), position, budget, wakes)
                : partition.Read(position, Audience, budget);
        }
        catch (DiskException)
        {
            // The others of the fetch may lie on another disk, and whoever this one woke shall be woken.
            return Rejected(ErrorCode.KafkaStorageError);
        }
    }

    partial void SeededBugFetchesUnnamed(Partition partition, FetchTarget target, FetchPosition position, WakeList wakes);

    private bool IsThrottled(Partition partition) => Audience == Audience.Follower && partition.IsThrottledFor(replica);

    private static PartitionRead Rejected(ErrorCode error) =>
        new()
        {
            Error = error,
            Limit = Offset.None,
            HighWatermark = Offset.None,
            LastStableOffset = Offset.None,
            LogStart = Offset.None,
        };
}
