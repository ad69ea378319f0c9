using RaftLog.Protocol;

namespace RaftLog.Coordination.Topics;

/// <summary>
/// A hash over what an assignment depends on: the subscribed topics that exist, their ids, partitions and racks. A change of it makes a
/// rebalance.
/// </summary>
internal static class TopicsHash
{
    private const ulong FnvOffset = 14_695_981_039_346_656_037;
    private const ulong FnvPrime = 1_099_511_628_211;

    /// <summary>0 when none of the topics exists. The order of the names does not matter.</summary>
    public static long Of(IEnumerable<string> names, ITopicsView topics)
    {
        ulong sum = 0;
        foreach (string name in names.Distinct(StringComparer.Ordinal))
        {
            if (topics.TryFind(name, out TopicFacts? topic))
            {
                sum += OfTopic(topic);
            }
        }

        return (long)sum;
    }

    private static ulong OfTopic(TopicFacts topic)
    {
        ulong hash = Add(Add(Add(FnvOffset, topic.Id), topic.Name), topic.PartitionCount);
        foreach (IReadOnlyList<string> racks in topic.Racks)
        {
            hash = Add(hash, racks.Count);
            foreach (string rack in racks)
            {
                hash = Add(hash, rack);
            }
        }

        return hash;
    }

    private static ulong Add(ulong hash, Uuid id) => Add(Add(hash, (long)id.High), (long)id.Low);

    private static ulong Add(ulong hash, string text)
    {
        foreach (char each in text)
        {
            hash = (hash ^ each) * FnvPrime;
        }

        return Add(hash, text.Length);
    }

    private static ulong Add(ulong hash, long number)
    {
        for (int shift = 0; shift < 64; shift += 8)
        {
            hash = (hash ^ ((ulong)number >> shift & 0xFF)) * FnvPrime;
        }

        return hash;
    }
}
