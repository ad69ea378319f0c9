using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Observability;
using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>
/// The partitions that a member of a group reads now. What comes and goes is committed where the options say so, told to the listener, and
/// taken over by the fetches, in the order that the group relies on: nobody else reads a partition before this member has stopped.
/// </summary>
internal sealed class OwnedPartitions(ConsumerOptions options, ClientRuntime runtime, Assignment assignment, OffsetCommits offsets)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<TopicPartition> _owned = [];
    private long _committedMs = runtime.Waiters.NowMs;

    /// <summary>Hears what comes and goes, or null.</summary>
    public IRebalanceListener? Listener { get; set; }

    /// <summary>What goes on beside the reader, or null.</summary>
    public IPartitionWork? Work { get; set; }

    /// <summary>The partitions, in order.</summary>
    public List<TopicPartition> Now
    {
        get
        {
            lock (_lock)
            {
                return [.. _owned];
            }
        }
    }

    /// <summary>Reads these too from now on.</summary>
    public async ValueTask GiveAsync(IReadOnlyDictionary<TopicPartition, StartAt> given)
    {
        lock (_lock)
        {
            _owned.UnionWith(given.Keys);
        }

        runtime.Telemetry.Logger.PartitionsAssigned(Group, string.Join(", ", given.Keys));
        FetchLoop.Release(assignment.Change([], given));
        await TellAsync(listener => listener.AssignedAsync([.. given.Keys]));
    }

    /// <summary>Commits and gives up partitions that others will get.</summary>
    public async ValueTask RevokeAsync(IReadOnlyList<TopicPartition> partitions, Func<GroupIdentity> identity, CallDeadline deadline)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        if (Work is { } work)
        {
            await work.DrainAsync(partitions);
        }

        if (options.AutoCommit)
        {
            await TryCommitAsync(assignment.Offsets.Committable(partitions), identity, deadline);
        }

        runtime.Telemetry.Logger.PartitionsRevoked(Group, string.Join(", ", partitions));
        await TellAsync(listener => listener.RevokedAsync(partitions));
        Take(partitions);
    }

    /// <summary>The group went on without this member: others may read its partitions already.</summary>
    public async ValueTask LoseAsync()
    {
        List<TopicPartition> lost = Now;
        if (lost.Count > 0)
        {
            runtime.Telemetry.Logger.PartitionsLost(Group, string.Join(", ", lost));
            Work?.Forget(lost);
            Take(lost);
            await TellAsync(listener => listener.LostAsync(lost));
        }
    }

    /// <summary>Commits in the background what was read, when it is time.</summary>
    public void CommitNowAndThen(Func<GroupIdentity> identity)
    {
        long nowMs = runtime.Waiters.NowMs;
        if (options.AutoCommit && nowMs - _committedMs >= options.AutoCommitInterval.TotalMilliseconds)
        {
            _committedMs = nowMs;
            SortedDictionary<TopicPartition, OffsetAndEpoch> read = assignment.Offsets.Committable(Now);
            runtime.Supervisor.Run(
                "auto commit",
                async () => await TryCommitAsync(read, identity, new CallDeadline(runtime.Waiters, runtime.Options.RequestTimeout))
            );
        }
    }

    private string Group => options.GroupId ?? "";

    private void Take(IReadOnlyList<TopicPartition> partitions)
    {
        FetchLoop.Release(assignment.Change(partitions, new SortedDictionary<TopicPartition, StartAt>()));
        lock (_lock)
        {
            _owned.ExceptWith(partitions);
        }
    }

    private async ValueTask TellAsync(Func<IRebalanceListener, ValueTask> what)
    {
        if (Listener is { } listener)
        {
            await what(listener);
        }
    }

    /// <summary>An automatic commit that fails is made up for by the next; at worst records are read again.</summary>
    public async ValueTask TryCommitAsync(
        IReadOnlyDictionary<TopicPartition, OffsetAndEpoch> read,
        Func<GroupIdentity> identity,
        CallDeadline deadline
    )
    {
        try
        {
            await offsets.CommitAsync(read, identity, deadline);
        }
        catch (KafkaException e)
        {
            // The coordinator tells the next heartbeat too, if this member is none any more.
            runtime.Telemetry.Logger.AutoCommitFailed(Group, e.Message);
        }
    }
}
