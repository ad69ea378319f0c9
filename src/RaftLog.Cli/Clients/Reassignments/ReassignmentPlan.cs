using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>
/// Shares partitions out to brokers evenly, replicas and preferred leaders: replicas of a partition come on different racks where there are
/// enough, and what may stay stays.
/// </summary>
internal sealed class ReassignmentPlan
{
    private readonly IReadOnlyList<BrokerView> _brokers;
    private readonly Dictionary<NodeId, int> _replicas;
    private readonly Dictionary<NodeId, int> _leaders;
    private readonly int _most;

    private ReassignmentPlan(IReadOnlyList<BrokerView> brokers, int replicas)
    {
        _brokers = brokers;
        _replicas = brokers.ToDictionary(broker => broker.Id, _ => 0);
        _leaders = brokers.ToDictionary(broker => broker.Id, _ => 0);
        _most = (replicas + brokers.Count - 1) / brokers.Count;
    }

    /// <summary>Plans where each partition shall be.</summary>
    /// <param name="topics">The topics as they are.</param>
    /// <param name="brokers">The brokers that shall hold them, in the order of their ids.</param>
    /// <exception cref="FormatException">There are fewer brokers than a partition has replicas.</exception>
    public static SortedDictionary<TopicPartition, IReadOnlyList<NodeId>> Make(
        IReadOnlyList<TopicDescription> topics,
        IReadOnlyList<BrokerView> brokers
    )
    {
        int replicas = 0;
        foreach (TopicDescription topic in topics)
        {
            foreach (PartitionDescription partition in topic.Partitions)
            {
                replicas += partition.Replicas.Count;
                if (partition.Replicas.Count > brokers.Count)
                {
                    throw new FormatException(
                        $"{topic.Name}-{partition.Index} has {partition.Replicas.Count} replicas; name at least as many brokers, not "
                            + $"{brokers.Count}"
                    );
                }
            }
        }

        ReassignmentPlan plan = new(brokers, replicas);
        SortedDictionary<TopicPartition, IReadOnlyList<NodeId>> placed = new(Comparer<TopicPartition>.Create(Compare));
        foreach (TopicDescription topic in topics)
        {
            foreach (PartitionDescription partition in topic.Partitions)
            {
                placed.Add(new TopicPartition(topic.Name, partition.Index), plan.Place(partition));
            }
        }

        return placed;
    }

    private static int Compare(TopicPartition x, TopicPartition y) =>
        string.CompareOrdinal(x.Topic, y.Topic) is var order and not 0 ? order : x.Partition.CompareTo(y.Partition);

    private List<NodeId> Place(PartitionDescription partition)
    {
        // First what stays, then the emptiest brokers: a rack that has none yet comes before one that has.
        List<BrokerView> chosen = [];
        foreach (NodeId node in partition.Replicas)
        {
            if (_brokers.FirstOrDefault(broker => broker.Id == node) is { } broker && _replicas[node] < _most)
            {
                Take(chosen, broker);
            }
        }

        while (chosen.Count < partition.Replicas.Count)
        {
            Take(
                chosen,
                _brokers
                    .Except(chosen)
                    .OrderBy(broker => _replicas[broker.Id] < _most ? 0 : 1)
                    .ThenBy(broker => chosen.Exists(other => other.Rack is not null && other.Rack == broker.Rack) ? 1 : 0)
                    .ThenBy(broker => _replicas[broker.Id])
                    .ThenBy(broker => broker.Id.Value)
                    .First()
            );
        }

        BrokerView leader = chosen.OrderBy(broker => _leaders[broker.Id]).First();
        _leaders[leader.Id]++;
        return [leader.Id, .. chosen.Where(broker => broker != leader).Select(broker => broker.Id)];
    }

    private void Take(List<BrokerView> chosen, BrokerView broker)
    {
        chosen.Add(broker);
        _replicas[broker.Id]++;
    }
}
