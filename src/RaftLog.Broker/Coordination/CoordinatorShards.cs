using System.Collections.Concurrent;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Coordination;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// The coordinators of one internal topic on this node: a shard for each of its partitions that this node leads. Metadata makes and ends
/// them, from one loop; everyone else looks them up without a lock.
/// </summary>
/// <typeparam name="TState">The state of one partition.</typeparam>
/// <param name="topic">The internal topic.</param>
/// <param name="create">Makes the empty state of a partition, for a leadership.</param>
/// <param name="options">Times.</param>
/// <param name="waiters">Clock and waits.</param>
/// <param name="supervisor">Runs the shards.</param>
/// <param name="nodeLog">The node log.</param>
internal sealed class CoordinatorShards<TState>(
    string topic,
    Func<int, LeaderEpoch, TState> create,
    CoordinatorOptions options,
    Waiters waiters,
    Supervisor supervisor,
    NodeLog nodeLog
) : IMetadataListener
    where TState : class, ICoordinatorState
{
    private readonly ConcurrentDictionary<int, CoordinatorShard<TState>> _shards = new();
    private int _count;

    /// <summary>How many partitions the topic has; 0 while it does not exist.</summary>
    public int PartitionCount => Volatile.Read(ref _count);

    /// <summary>The shards of this node, by partition.</summary>
    public IEnumerable<CoordinatorShard<TState>> All => _shards.ToArray().OrderBy(each => each.Key).Select(each => each.Value);

    /// <summary>Takes how many partitions the topic has, and ends the shards of those that are gone.</summary>
    public Task ApplyAsync(MetadataUpdate update)
    {
        int count = update.Image.Topics.TryGet(topic, out TopicImage? known) ? known.Partitions.Count : 0;
        for (int index = count; index < PartitionCount; index++)
        {
            End(index);
        }

        Volatile.Write(ref _count, count);
        return Task.CompletedTask;
    }

    /// <summary>
    /// A partition has taken what metadata says of it: begins the shard of a new leadership, and ends that of a past one.
    /// </summary>
    public void Update(Partition partition)
    {
        if (partition.Name.Topic != topic)
        {
            return;
        }

        int index = partition.Name.Partition;
        LeaderEpoch epoch = partition.Leadership.Epoch;
        bool leads = partition.Role is Replication.PartitionLeaderRole;
        if (_shards.TryGetValue(index, out CoordinatorShard<TState>? shard))
        {
            if (leads && shard.Log.Is(partition, epoch))
            {
                return;
            }

            End(index);
        }

        if (leads)
        {
            Begin(index, new LedPartition(partition, epoch));
        }
    }

    /// <summary>The partition that a key belongs to; -1 while the topic does not exist.</summary>
    public int PartitionOf(string key) => PartitionCount is > 0 and int count ? CoordinatorKeys.PartitionOf(key, count) : -1;

    /// <summary>
    /// Gives a request to the shard of its key: NOT_COORDINATOR when this node does not lead its partition. See
    /// <see cref="DecisionLoop{TState}.CallAsync"/>.
    /// </summary>
    public Task<TResponse> CallAsync<TResponse>(
        string key,
        bool mayWrite,
        Action<TState, RequestToken, CoordinatorTime, Outbox> command,
        Func<ErrorCode, TResponse> reject
    )
        where TResponse : class, IMessage =>
        _shards.TryGetValue(PartitionOf(key), out CoordinatorShard<TState>? shard)
            ? shard.CallAsync(mayWrite, command, reject)
            : Task.FromResult(reject(ErrorCode.NotCoordinator));

    /// <summary>Gives an input to all shards of this node.</summary>
    public void PostToAll(Action<TState, CoordinatorTime, Outbox> input)
    {
        foreach (CoordinatorShard<TState> shard in All)
        {
            shard.Post(input);
        }
    }

    /// <summary>True while a leadership of this node goes on.</summary>
    public bool IsCurrent(int partition, LeaderEpoch epoch) =>
        _shards.TryGetValue(partition, out CoordinatorShard<TState>? shard) && shard.Log.Epoch == epoch;

    /// <summary>
    /// Gives an input to the shard of one partition, such as the outcome of an effect; nothing happens when that leadership is over.
    /// </summary>
    public void Post(int partition, LeaderEpoch epoch, Action<TState, CoordinatorTime, Outbox> input)
    {
        if (_shards.TryGetValue(partition, out CoordinatorShard<TState>? shard) && shard.Log.Epoch == epoch)
        {
            shard.Post(input);
        }
    }

    /// <summary>
    /// Appends a transaction marker through the shard of a partition: NOT_LEADER_OR_FOLLOWER when this node does not lead it.
    /// </summary>
    public Task<ErrorCode> AppendMarkerAsync(int partition, TransactionMarker marker) =>
        _shards.TryGetValue(partition, out CoordinatorShard<TState>? shard)
            ? shard.AppendMarkerAsync(marker)
            : Task.FromResult(ErrorCode.NotLeaderOrFollower);

    /// <summary>The node stops.</summary>
    public void Stop()
    {
        foreach (CoordinatorShard<TState> shard in All)
        {
            shard.Stop();
        }
    }

    private void End(int index)
    {
        if (_shards.TryRemove(index, out CoordinatorShard<TState>? shard))
        {
            shard.Stop();
        }
    }

    private void Begin(int index, LedPartition log)
    {
        CoordinatorShard<TState> shard = new(log, () => create(index, log.Epoch), options, waiters, nodeLog);
        _shards[index] = shard;
        supervisor.Run($"coordinator of {log.Name}", shard.RunAsync);
    }
}
