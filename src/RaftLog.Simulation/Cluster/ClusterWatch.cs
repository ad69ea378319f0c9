using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// Looks at what each node believes about the partitions, every few milliseconds, notes what is new, and fails the run when two nodes have ever
/// believed different things about one version of a partition, or in two leaders of one epoch.
/// </summary>
internal sealed class ClusterWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly Dictionary<SimMachine, MetadataImage> _last = [];
    private readonly Dictionary<(TopicPartition, PartitionEpoch), PartitionRegistration> _versions = [];
    private readonly Dictionary<(TopicPartition, LeaderEpoch), NodeId> _leaders = [];

    internal ClusterWatch(SimCluster cluster)
    {
        _cluster = cluster;
        _scheduler = cluster.Scheduler;
        Next();
    }

    /// <summary>The number of leaderships that began.</summary>
    internal int Elections => _leaders.Count;

    private void Next() => _scheduler.After(Interval, () =>
    {
        foreach (SimMachine machine in _cluster.Machines)
        {
            if (machine.IsUp && machine.Node is { } node && (!_last.TryGetValue(machine, out MetadataImage? before) || before != node.Image))
            {
                _last[machine] = node.Image;
                Look(machine, node.Image);
            }
        }

        Next();
    });

    private void Look(SimMachine machine, MetadataImage image)
    {
        foreach (TopicImage topic in image.Topics.InNameOrder)
        {
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                Look(machine, new TopicPartition(topic.Name, index), partition);
            }
        }
    }

    private void Look(SimMachine machine, TopicPartition name, PartitionRegistration partition)
    {
        if (!_versions.TryAdd((name, partition.PartitionEpoch), partition))
        {
            if (!_versions[(name, partition.PartitionEpoch)].Equals(partition))
            {
                _scheduler.Fail($"{machine.Name} believes something else about {name} in partition epoch {partition.PartitionEpoch} than another node did");
            }

            return;
        }

        _scheduler.Say(
            $"{name} is led by {partition.Leader} in epoch {partition.LeaderEpoch}, in sync are {string.Join(' ', partition.Isr)}, eligible besides {string.Join(' ', partition.EligibleLeaders)}");
        if (partition.HasLeader && !_leaders.TryAdd((name, partition.LeaderEpoch), partition.Leader)
            && _leaders[(name, partition.LeaderEpoch)] != partition.Leader)
        {
            _scheduler.Fail($"{name} had two leaders in epoch {partition.LeaderEpoch}: {_leaders[(name, partition.LeaderEpoch)]} and {partition.Leader}");
        }
    }
}
