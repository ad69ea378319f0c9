using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Coordination.Transactions;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>
/// Brings the markers of decided transactions to the leaders of their partitions, again and again until all have them. It ends with the
/// coordinator's leadership: the next one begins anew.
/// </summary>
/// <param name="cache">Who leads what.</param>
/// <param name="local">Writes to partitions of this node.</param>
/// <param name="links">The way to others.</param>
/// <param name="waiters">Clock and waits.</param>
/// <param name="supervisor">Runs the deliveries.</param>
/// <param name="nodeLog">The node log.</param>
internal sealed class MarkerSender(
    MetadataCache cache,
    LocalMarkers local,
    BrokerLinks links,
    Waiters waiters,
    Supervisor supervisor,
    NodeLog nodeLog
)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, MarkerBatcher> _batchers = [];
    private volatile bool _stopped;

    /// <summary>Begins a delivery.</summary>
    /// <param name="markers">What is to be written.</param>
    /// <param name="coordinatorEpoch">The leader epoch of the coordinator.</param>
    /// <param name="isCurrent">Tells whether the coordinator's leadership goes on.</param>
    /// <param name="written">Called once, when every partition has its marker.</param>
    public void Send(TransactionMarkers markers, LeaderEpoch coordinatorEpoch, Func<bool> isCurrent, Action written) =>
        supervisor.Run(
            $"markers of {ErrorText.Quote(markers.TransactionalId)}",
            async () =>
            {
                if (await DeliverAsync(markers, coordinatorEpoch, isCurrent))
                {
                    written();
                }
            }
        );

    /// <summary>Ends all deliveries.</summary>
    public void Stop()
    {
        _stopped = true;
        lock (_gate)
        {
            foreach (MarkerBatcher batcher in _batchers.Values)
            {
                batcher.Stop();
            }
        }
    }

    private async ValueTask<bool> DeliverAsync(TransactionMarkers markers, LeaderEpoch coordinatorEpoch, Func<bool> isCurrent)
    {
        TransactionMarker marker = new(markers.Producer, markers.Epoch, markers.IsCommit, coordinatorEpoch, markers.TransactionVersion);
        List<TopicPartition> remaining = [.. markers.Partitions];
        FetchBackoff backoff = new(LongestPause);
        while (!_stopped && isCurrent())
        {
            List<TopicPartition> unwritten = [];
            List<(List<TopicPartition> Partitions, Task<ErrorCode[]> Outcomes)> underWay = Begin(marker, remaining, unwritten);
            foreach ((List<TopicPartition> partitions, Task<ErrorCode[]> writing) in underWay)
            {
                ErrorCode[] outcomes = await writing;
                for (int i = 0; i < partitions.Count; i++)
                {
                    if (outcomes[i] == ErrorCode.TransactionCoordinatorFenced)
                    {
                        nodeLog.Warn(
                            $"{partitions[i]} has markers of a later coordinator than epoch {coordinatorEpoch} of "
                                + $"{ErrorText.Quote(markers.TransactionalId)}; this one gives up"
                        );
                        return false;
                    }

                    if (!IsOver(outcomes[i], markers, partitions[i]))
                    {
                        unwritten.Add(partitions[i]);
                    }
                }
            }

            if (unwritten.Count == 0)
            {
                return true;
            }

            remaining = unwritten;
            backoff.Pause(waiters.NowMs);
            await waiters.Delay(waiters.Until(backoff.UntilMs));
        }

        return false;
    }

    /// <summary>
    /// Begins to write to each leader; partitions without one are left for the next turn, those of deleted topics need nothing more.
    /// </summary>
    private List<(List<TopicPartition> Partitions, Task<ErrorCode[]> Outcomes)> Begin(
        TransactionMarker marker,
        List<TopicPartition> remaining,
        List<TopicPartition> unwritten
    )
    {
        SortedDictionary<NodeId, List<TopicPartition>> byLeader = [];
        MetadataImage image = cache.Image;
        foreach (TopicPartition partition in remaining)
        {
            if (
                !image.Topics.TryGet(partition.Topic, out TopicImage? topic)
                || !topic.Partitions.TryGetValue(partition.Partition, out PartitionRegistration? registration)
            )
            {
                continue;
            }

            if (!registration.HasLeader)
            {
                unwritten.Add(partition);
                continue;
            }

            if (!byLeader.TryGetValue(registration.Leader, out List<TopicPartition>? led))
            {
                byLeader.Add(registration.Leader, led = []);
            }

            led.Add(partition);
        }

        return
        [
            .. byLeader.Select(pair =>
                (
                    pair.Value,
                    pair.Key == cache.Self ? local.WriteAsync(marker, pair.Value) : BatcherOf(pair.Key).WriteAsync(marker, pair.Value)
                )
            ),
        ];
    }

    private bool IsOver(ErrorCode outcome, TransactionMarkers markers, TopicPartition partition)
    {
        if (outcome == ErrorCode.InvalidProducerEpoch)
        {
            // The partition has seen a later epoch of the producer, which begins only after this transaction has ended there.
            nodeLog.Warn(
                $"{partition} knows a later epoch of producer {markers.Producer} than {markers.Epoch} of "
                    + $"{ErrorText.Quote(markers.TransactionalId)}; its marker is not needed"
            );
        }

        return outcome is ErrorCode.None or ErrorCode.InvalidProducerEpoch;
    }

    private MarkerBatcher BatcherOf(NodeId broker)
    {
        lock (_gate)
        {
            if (!_batchers.TryGetValue(broker, out MarkerBatcher? batcher))
            {
                batcher = new MarkerBatcher(broker, links, waiters);
                _batchers.Add(broker, batcher);
                if (_stopped)
                {
                    batcher.Stop();
                }

                supervisor.Run($"markers to node {broker}", batcher.RunAsync);
            }

            return batcher;
        }
    }
}
