using RaftLog.Broker.Lifecycle;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Tells the controller in which of this broker's directories replicas lie, where metadata does not know it yet (AssignReplicasToDirs,
/// KIP-858): the controller can only move leaders away from a failed directory when it knows which they are.
/// </summary>
internal sealed class ReplicaDirectories(
    NodeId self,
    Func<BrokerEpoch> epoch,
    IControllerChannel controller,
    LifecycleOptions options,
    AsyncSignal signal
)
{
    /// <summary>The most partitions of one request; the others follow in the next.</summary>
    private const int MostAtOnce = 2000;

    private readonly Lock _gate = new();
    private readonly Dictionary<TopicIdPartition, Uuid> _reported = [];

    /// <summary>Takes note of where a replica lies; at most one note a partition.</summary>
    public void Report(TopicIdPartition partition, Uuid directory)
    {
        lock (_gate)
        {
            _reported[partition] = directory;
        }

        signal.Set();
    }

    /// <summary>Sends until stopped. What the controller rejects is told again when metadata next speaks of the partition.</summary>
    public async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await signal.WaitAsync(pause) != WaitOutcome.Closed)
        {
            List<KeyValuePair<TopicIdPartition, Uuid>> batch = Take();
            if (batch.Count > 0 && await SendAsync(batch) is (null or ErrorCode.StaleBrokerEpoch))
            {
                // Nobody answered, or the controller's response to this broker's registration is still on its way.
                PutBack(batch);
            }

            pause = IsEmpty ? Timeout.InfiniteTimeSpan : options.RetryPause;
        }
    }

    /// <summary>Ends the loop.</summary>
    public void Stop() => signal.Close();

    private async ValueTask<ErrorCode?> SendAsync(List<KeyValuePair<TopicIdPartition, Uuid>> batch) =>
        (await controller.SendAsync(RequestFor(batch), options.RequestTimeout))?.ErrorCode;

    private bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _reported.Count == 0;
            }
        }
    }

    private List<KeyValuePair<TopicIdPartition, Uuid>> Take()
    {
        lock (_gate)
        {
            List<KeyValuePair<TopicIdPartition, Uuid>> batch = [.. _reported.Take(MostAtOnce)];
            batch.ForEach(each => _reported.Remove(each.Key));
            return batch;
        }
    }

    private void PutBack(List<KeyValuePair<TopicIdPartition, Uuid>> batch)
    {
        lock (_gate)
        {
            batch.ForEach(each => _reported.TryAdd(each.Key, each.Value));
        }
    }

    private AssignReplicasToDirsRequest RequestFor(List<KeyValuePair<TopicIdPartition, Uuid>> batch) =>
        new()
        {
            BrokerId = self,
            BrokerEpoch = epoch(),
            Directories =
            [
                .. batch
                    .GroupBy(each => each.Value)
                    .Select(directory => new AssignReplicasToDirsRequest.DirectoryData
                    {
                        Id = directory.Key,
                        Topics =
                        [
                            .. directory
                                .GroupBy(each => each.Key.TopicId)
                                .Select(topic => new AssignReplicasToDirsRequest.TopicData
                                {
                                    TopicId = topic.Key,
                                    Partitions =
                                    [
                                        .. topic.Select(each => new AssignReplicasToDirsRequest.PartitionData
                                        {
                                            PartitionIndex = each.Key.Partition,
                                        }),
                                    ],
                                }),
                        ],
                    }),
            ],
        };
}
