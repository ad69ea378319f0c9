using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// Finds where to begin: one request a leader for all positions that need a search. A topic that is not known yet holds up nobody but its
/// own partitions.
/// </summary>
internal sealed class PositionSearch(
    ConsumerOptions options,
    ClientRuntime runtime,
    ClusterCalls calls,
    ClusterMetadata metadata,
    FetchPositions fetches,
    Action wake
)
{
    private readonly OffsetSearch _search = new(runtime, calls, metadata);

    /// <summary>Resolves or fails every one of the positions.</summary>
    public async Task FindAsync(List<ReadPosition> positions)
    {
        CallDeadline deadline = new(runtime.Waiters, runtime.Options.CallTimeout);
        List<ReadPosition> known = [];
        try
        {
            ClusterView view = await metadata.WithTopicsAsync(positions.Select(position => position.Partition.Topic), deadline);
            foreach (
                IGrouping<string, ReadPosition> topic in positions.GroupBy(position => position.Partition.Topic, StringComparer.Ordinal)
            )
            {
                // Who has shared the partitions of a group out may know of more of them than this client does.
                int least = options.GroupId is null ? 1 : topic.Max(position => position.Partition.Partition) + 1;
                if (view.TryGetTopic(topic.Key, out TopicView? told) && told.Error == ErrorCode.None && told.Partitions.Count >= least)
                {
                    known.AddRange(topic);
                }
                else
                {
                    List<ReadPosition> waiting = [.. topic];
                    runtime.Supervisor.Run("find positions", () => FindInTopicAsync(topic.Key, least, waiting));
                }
            }
        }
        catch (KafkaException e)
        {
            positions.ForEach(position => fetches.Fail(position, e));
        }

        await ResolveAsync(known, deadline);
        wake();
    }

    private async Task FindInTopicAsync(string topic, int partitions, List<ReadPosition> positions)
    {
        CallDeadline deadline = new(runtime.Waiters, runtime.Options.CallTimeout);
        try
        {
            await metadata.TopicAsync(topic, deadline, partitions);
            await ResolveAsync(positions, deadline);
        }
        catch (KafkaException e)
        {
            positions.ForEach(position => fetches.Fail(position, e));
        }

        wake();
    }

    private async ValueTask ResolveAsync(List<ReadPosition> positions, CallDeadline deadline)
    {
        ClusterView view = metadata.View;
        SortedDictionary<TopicPartition, OffsetSpec> wanted = [];
        Dictionary<TopicPartition, ReadPosition> searched = [];
        foreach (ReadPosition position in positions)
        {
            if (!view.TryGetPartition(position.Partition, out TopicView? topic, out _))
            {
                int count = topic?.Partitions.Count ?? 0;
                fetches.Fail(
                    position,
                    new KafkaException(
                        ErrorCode.UnknownTopicOrPartition,
                        $"there is no {position.Partition}: the topic has {count} partitions"
                    )
                );
            }
            else if (!TryGetStart(position, out StartAt start))
            {
                fetches.Fail(
                    position,
                    new KafkaException(
                        ErrorCode.OffsetNotAvailable,
                        $"nobody has committed an offset of {position.Partition}; seek, or set ConsumerOptions.OffsetReset "
                            + "(auto.offset.reset)"
                    )
                );
            }
            else if (start.TryGetPlace(runtime.Time.GetUtcNow(), out OffsetAndEpoch place, out OffsetSpec spec))
            {
                fetches.Resolve(position, topic.Id, place);
            }
            else
            {
                wanted.Add(position.Partition, spec);
                searched.Add(position.Partition, position);
            }
        }

        // A time behind the last record is found nowhere: then reading begins at the end.
        SortedDictionary<TopicPartition, OffsetSpec> behind = [];
        await SearchAsync(wanted, searched, view, behind, deadline);
        await SearchAsync(behind, searched, view, [], deadline);
    }

    private bool TryGetStart(ReadPosition position, out StartAt start)
    {
        start = position.Start;
        return !start.IsPolicy || options.OffsetReset.TryGetStart(out start);
    }

    private async ValueTask SearchAsync(
        SortedDictionary<TopicPartition, OffsetSpec> wanted,
        Dictionary<TopicPartition, ReadPosition> searched,
        ClusterView view,
        SortedDictionary<TopicPartition, OffsetSpec> behind,
        CallDeadline deadline
    )
    {
        if (wanted.Count == 0)
        {
            return;
        }

        foreach ((TopicPartition partition, SearchResult result) in await _search.FindAsync(wanted, options.ReadCommitted, deadline))
        {
            ReadPosition position = searched[partition];
            if (result.Failure is { } failure)
            {
                fetches.Fail(position, failure);
            }
            else if (result.Found.Offset == Offset.None)
            {
                behind.Add(partition, OffsetSpec.Latest);
            }
            else
            {
                fetches.Resolve(
                    position,
                    view.TryGetTopic(partition.Topic, out TopicView? topic) ? topic.Id : Uuid.Zero,
                    new OffsetAndEpoch(result.Found.Offset, LeaderEpoch.None)
                );
            }
        }
    }
}
