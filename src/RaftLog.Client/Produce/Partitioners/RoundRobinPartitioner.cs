using System.Collections.Concurrent;

namespace RaftLog.Client.Produce;

internal sealed class RoundRobinPartitioner : IPartitioner
{
    private readonly ConcurrentDictionary<string, Counter> _next = new(StringComparer.Ordinal);

    public int? Choose(string topic, in ProducerRecord record, int partitions) =>
        (int)(_next.GetOrAdd(topic, static _ => new Counter()).Next() % (uint)partitions);

    private sealed class Counter
    {
        private int _count = -1;

        public uint Next() => (uint)Interlocked.Increment(ref _count);
    }
}
