using RaftLog.Broker.Cluster;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>
/// Sends markers to one other broker: one request at a time, and all that has come meanwhile goes with the next, so that many transactions
/// share a flush there.
/// </summary>
internal sealed class MarkerBatcher(NodeId broker, BrokerLinks links, Waiters waiters)
{
    /// <summary>The most partitions in one request, but for a single transaction that has more.</summary>
    private const int MaxPartitions = 10_000;

    private readonly Lock _gate = new();
    private readonly AsyncSignal _more = new(waiters);
    private readonly Queue<Entry> _waiting = new();
    private bool _stopped;

    /// <summary>Asks for one marker in some partitions of that broker.</summary>
    /// <returns>None for each partition that has it, or why it is not known to, in the order of the partitions.</returns>
    public Task<ErrorCode[]> WriteAsync(TransactionMarker marker, IReadOnlyList<TopicPartition> partitions)
    {
        Entry entry = new(marker, partitions);
        lock (_gate)
        {
            if (_stopped)
            {
                entry.Fail(ErrorCode.NetworkException);
            }
            else
            {
                _waiting.Enqueue(entry);
            }
        }

        _more.Set();
        return entry.Result;
    }

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync()
    {
        while (await _more.WaitAsync() != WaitOutcome.Closed)
        {
            while (Take() is { Count: > 0 } batch)
            {
                await SendAsync(batch);
            }
        }
    }

    /// <summary>Ends the loop and whoever waits.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            while (_waiting.TryDequeue(out Entry? entry))
            {
                entry.Fail(ErrorCode.NetworkException);
            }
        }

        _more.Close();
    }

    private List<Entry> Take()
    {
        List<Entry> batch = [];
        int partitions = 0;
        lock (_gate)
        {
            while (_waiting.TryPeek(out Entry? next) && (batch.Count == 0 || partitions + next.Partitions.Count <= MaxPartitions))
            {
                partitions += next.Partitions.Count;
                batch.Add(_waiting.Dequeue());
            }
        }

        return batch;
    }

    private async ValueTask SendAsync(List<Entry> batch)
    {
        WriteTxnMarkersRequest request = new() { Markers = [.. batch.Select(static entry => entry.Wire())] };
        RpcResult<WriteTxnMarkersResponse> result = await links.CallAsync(broker, request);
        if (!result.TryGet(out WriteTxnMarkersResponse? response))
        {
            foreach (Entry entry in batch)
            {
                entry.Fail(ErrorCode.NetworkException);
            }

            return;
        }

        Dictionary<(ProducerId, TopicPartition), ErrorCode> outcomes = [];
        foreach (WriteTxnMarkersResponse.WritableTxnMarkerResult marker in response.Markers)
        {
            foreach (WriteTxnMarkersResponse.WritableTxnMarkerTopicResult topic in marker.Topics)
            {
                foreach (WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult partition in topic.Partitions)
                {
                    outcomes[(marker.ProducerId, new TopicPartition(topic.Name, partition.PartitionIndex))] = partition.ErrorCode;
                }
            }
        }

        foreach (Entry entry in batch)
        {
            entry.Succeed(outcomes);
        }
    }

    private sealed class Entry(TransactionMarker marker, IReadOnlyList<TopicPartition> partitions)
    {
        private readonly TaskCompletionSource<ErrorCode[]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<TopicPartition> Partitions => partitions;

        public Task<ErrorCode[]> Result => _done.Task;

        public WriteTxnMarkersRequest.WritableTxnMarker Wire() =>
            new()
            {
                ProducerId = marker.Producer,
                ProducerEpoch = marker.Epoch,
                TransactionResult = marker.IsCommit,
                CoordinatorEpoch = marker.CoordinatorEpoch.Value,
                TransactionVersion = (sbyte)marker.TransactionVersion,
                Topics =
                [
                    .. partitions
                        .GroupBy(partition => partition.Topic)
                        .Select(topic => new WriteTxnMarkersRequest.WritableTxnMarkerTopic
                        {
                            Name = topic.Key,
                            PartitionIndexes = [.. topic.Select(partition => partition.Partition)],
                        }),
                ],
            };

        public void Succeed(Dictionary<(ProducerId, TopicPartition), ErrorCode> outcomes) =>
            _done.TrySetResult([
                .. partitions.Select(partition => outcomes.GetValueOrDefault((marker.Producer, partition), ErrorCode.UnknownServerError)),
            ]);

        public void Fail(ErrorCode error) => _done.TrySetResult([.. partitions.Select(_ => error)]);
    }
}
