using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>Where a node can be reached by its peers, as metadata says now; null while that is not known.</summary>
public interface IPeerAddresses
{
    /// <summary>The address of a node's listener between brokers.</summary>
    NetworkAddress? AddressOf(NodeId node);
}

/// <summary>
/// One fetcher for each leader that this node follows. Assignments come from the one loop that applies metadata; a partition whose leader
/// changes goes to its new fetcher in the same step that names the leader, and that fetcher asks at once.
/// </summary>
public sealed class FollowerFetchers
{
    private readonly Dictionary<NodeId, FollowerFetcher> _byLeader = [];
    private readonly Dictionary<TopicIdPartition, FollowerFetcher> _assigned = [];
    private readonly NodeId _self;
    private readonly RpcConnector _connector;
    private readonly IPeerAddresses _addresses;
    private readonly Waiters _waiters;
    private readonly Supervisor _supervisor;
    private readonly FetcherOptions _options;
    private long _registeredAs = BrokerEpoch.None.Value;

    /// <summary>No fetchers yet.</summary>
    public FollowerFetchers(
        NodeId self,
        RpcConnector connector,
        IPeerAddresses addresses,
        Waiters waiters,
        Supervisor supervisor,
        FetcherOptions options,
        NodeLog nodeLog
    )
    {
        _self = self;
        _connector = connector;
        _addresses = addresses;
        _waiters = waiters;
        _supervisor = supervisor;
        _options = options;
        NodeLog = nodeLog;
    }

    /// <summary>The epoch that this node names in its fetches (KIP-903).</summary>
    internal BrokerEpoch RegisteredAs
    {
        get => new(Volatile.Read(ref _registeredAs));
        set => Volatile.Write(ref _registeredAs, value.Value);
    }

    /// <summary>What holds throttled replicas back, all fetchers together.</summary>
    internal ReplicationThrottle Throttle { get; } = new();

    /// <summary>Where fetchers tell what somebody must mend.</summary>
    internal NodeLog NodeLog { get; }

    internal NodeId Self => _self;

    internal Waiters Waiters => _waiters;

    internal FetcherOptions Options => _options;

    /// <summary>
    /// Hands a partition to the fetcher of the leader that it follows now, or takes it from its fetcher when it follows nobody.
    /// </summary>
    internal void Assign(Partition partition)
    {
        if (partition.Role is not PartitionFollowerRole follower)
        {
            Remove(partition);
            return;
        }

        _assigned.TryGetValue(partition.Id, out FollowerFetcher? present);
        if (present is not null && present.Leader == follower.Leader)
        {
            present.LeadershipChanged(partition, follower.Epoch);
            return;
        }

        present?.Remove(partition);
        if (!_byLeader.TryGetValue(follower.Leader, out FollowerFetcher? fetcher))
        {
            fetcher = new FollowerFetcher(follower.Leader, this);
            _byLeader.Add(follower.Leader, fetcher);
            _supervisor.Run($"fetch from node {follower.Leader}", fetcher.RunAsync);
        }

        _assigned[partition.Id] = fetcher;
        fetcher.Add(partition, follower.Epoch);
    }

    /// <summary>Lets every fetcher that has got something new ask for it: once, after all changes of one image.</summary>
    internal void Begin()
    {
        foreach (FollowerFetcher fetcher in _byLeader.Values)
        {
            fetcher.Begin();
        }
    }

    /// <summary>Limits what throttled replicas copy, in bytes a second; null for no limit.</summary>
    internal void Limit(long? bytesPerSecond)
    {
        if (Throttle.TryLimit(bytesPerSecond))
        {
            Reconsider();
        }
    }

    /// <summary>What may be asked for has changed for any partition: in the loop that applies metadata.</summary>
    internal void Reconsider()
    {
        foreach (FollowerFetcher fetcher in _byLeader.Values)
        {
            fetcher.Reconsider();
        }
    }

    /// <summary>Takes a partition from its fetcher, if it has one.</summary>
    internal void Remove(Partition partition)
    {
        if (_assigned.Remove(partition.Id, out FollowerFetcher? fetcher))
        {
            fetcher.Remove(partition);
        }
    }

    /// <summary>Ends all fetchers.</summary>
    public void Stop()
    {
        foreach (FollowerFetcher fetcher in _byLeader.Values)
        {
            fetcher.Stop();
        }
    }

    internal async ValueTask<RpcConnectResult> ConnectAsync(NodeId leader) =>
        _addresses.AddressOf(leader) is { } address
            ? await _connector.ConnectAsync(address, _options.MaxBackoff, CancellationToken.None)
            : new RpcConnectResult(ConnectOutcome.Silent, null, $"the address of node {leader} is not known");
}
