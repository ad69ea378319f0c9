using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>A broker that may get replicas.</summary>
/// <param name="Id">The node.</param>
/// <param name="Rack">Its rack, null when it has none.</param>
/// <param name="Fenced">True when it cannot serve now.</param>
public readonly record struct PlacementTarget(NodeId Id, string? Rack, bool Fenced);

/// <summary>
/// Spreads the replicas of new partitions: over live brokers first, then over racks, then evenly, with even leaderships. Ties are broken by
/// chance, so that the partitions of a lost broker do not all fall to the same other one.
/// </summary>
public static class ReplicaPlacement
{
    /// <summary>Why no placement is possible, for people; null when one is.</summary>
    public static string? Rejection(IReadOnlyList<PlacementTarget> targets, int replicationFactor)
    {
        if (targets.Count < replicationFactor)
        {
            return $"The replication factor {replicationFactor} is larger than the number of registered brokers that take new replicas, "
                + $"{targets.Count}.";
        }

        return targets.All(each => each.Fenced) ? "All brokers are fenced, so nobody could lead." : null;
    }

    /// <summary>
    /// The replicas of each partition, the preferred leader first. Only for what <see cref="ControlError"/> does not reject.
    /// </summary>
    public static IReadOnlyList<ValueList<NodeId>> Place(
        IReadOnlyList<PlacementTarget> targets,
        int partitions,
        int replicationFactor,
        IRandomSource random
    )
    {
        Loads loads = new(targets, random);
        List<List<int>> placed = new(partitions);
        for (int partition = 0; partition < partitions; partition++)
        {
            placed.Add(loads.PlaceOne(replicationFactor));
        }

        while (loads.TryEvenLeaders(placed)) { }

        return [.. placed.Select(replicas => ValueList.From(replicas.Select(each => targets[each].Id).ToList()))];
    }

    private sealed class Loads(IReadOnlyList<PlacementTarget> targets, IRandomSource random)
    {
        private readonly int[] _replicas = new int[targets.Count];
        private readonly int[] _leaders = new int[targets.Count];

        public List<int> PlaceOne(int replicationFactor)
        {
            List<int> chosen = new(replicationFactor);
            while (chosen.Count < replicationFactor)
            {
                int best = Least(
                    Enumerable.Range(0, targets.Count).Where(each => !chosen.Contains(each)),
                    each =>
                        (targets[each].Fenced ? 1 : 0, chosen.Count(other => targets[other].Rack == targets[each].Rack), _replicas[each])
                );
                chosen.Add(best);
                _replicas[best]++;
            }

            int leader = Least(chosen, each => (targets[each].Fenced ? 1 : 0, _leaders[each], _replicas[each]));
            _leaders[leader]++;
            PutFirst(chosen, leader);
            return chosen;
        }

        /// <summary>
        /// Hands leaderships on, from a broker that leads two more than another, along partitions that both ends of each step hold. False
        /// when no broker leads two more than one that it can reach so: then the leaderships are as even as these replicas allow.
        /// </summary>
        public bool TryEvenLeaders(List<List<int>> placed)
        {
            int least = Enumerable.Range(0, targets.Count).Where(each => !targets[each].Fenced).Min(each => _leaders[each]);
            for (int from = 0; from < targets.Count; from++)
            {
                if (_leaders[from] < least + 2)
                {
                    continue;
                }

                SortedDictionary<int, int> reachedBy = [];
                Queue<int> next = new([from]);
                while (next.TryDequeue(out int holder))
                {
                    for (int partition = 0; partition < placed.Count; partition++)
                    {
                        foreach (int taker in placed[partition][0] == holder ? placed[partition] : [])
                        {
                            if (taker == from || targets[taker].Fenced || !reachedBy.TryAdd(taker, partition))
                            {
                                continue;
                            }

                            if (_leaders[taker] + 2 <= _leaders[from])
                            {
                                HandOn(placed, reachedBy, from, taker);
                                return true;
                            }

                            next.Enqueue(taker);
                        }
                    }
                }
            }

            return false;
        }

        private void HandOn(List<List<int>> placed, SortedDictionary<int, int> reachedBy, int from, int to)
        {
            _leaders[from]--;
            _leaders[to]++;
            while (to != from)
            {
                List<int> replicas = placed[reachedBy[to]];
                int holder = replicas[0];
                PutFirst(replicas, to);
                to = holder;
            }
        }

        private static void PutFirst(List<int> replicas, int leader)
        {
            replicas.Remove(leader);
            replicas.Insert(0, leader);
        }

        private int Least(IEnumerable<int> candidates, Func<int, (int, int, int)> weight)
        {
            List<int> least = [];
            (int, int, int) lowest = default;
            foreach (int each in candidates)
            {
                (int, int, int) own = weight(each);
                int order = least.Count == 0 ? -1 : own.CompareTo(lowest);
                if (order < 0)
                {
                    least.Clear();
                    lowest = own;
                }

                if (order <= 0)
                {
                    least.Add(each);
                }
            }

            return least.Count == 1 ? least[0] : least[random.Next(least.Count)];
        }
    }
}
