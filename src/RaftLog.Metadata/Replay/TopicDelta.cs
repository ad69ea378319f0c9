using System.Collections.Immutable;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>One topic while records are replayed onto it: changed in place until it is frozen into an image.</summary>
internal sealed class TopicDelta
{
    private readonly ImmutableSortedDictionary<int, PartitionRegistration>.Builder _partitions;
    private readonly SortedSet<int> _touched = [];

    public TopicDelta(TopicImage topic)
    {
        Name = topic.Name;
        Id = topic.Id;
        _partitions = topic.Partitions.ToBuilder();
    }

    public TopicDelta(TopicRecord record)
        : this(new TopicImage(record.Name, record.TopicId, ImmutableSortedDictionary<int, PartitionRegistration>.Empty)) { }

    public string Name { get; }

    public Uuid Id { get; }

    public bool Removed { get; private set; }

    /// <summary>The partitions that records named.</summary>
    public IReadOnlyCollection<int> Touched => _touched;

    public void Replay(PartitionRecord record) => Set(record.PartitionId, PartitionRegistration.From(record));

    public void Replay(PartitionChangeRecord record)
    {
        bool known = _partitions.TryGetValue(record.PartitionId, out PartitionRegistration? partition);
        Invariant.Holds(known && partition is not null, "M-05", $"a change of {Name}-{record.PartitionId}, which does not exist");
        Set(record.PartitionId, partition.With(record));
    }

    public void ClearEligibleLeaders()
    {
        foreach ((int index, PartitionRegistration partition) in _partitions.ToImmutable())
        {
            Set(index, partition with { EligibleLeaders = [], LastKnownEligible = [] });
        }
    }

    public void Remove() => Removed = true;

    public TopicImage Freeze() => new(Name, Id, _partitions.ToImmutable());

    private void Set(int index, PartitionRegistration partition)
    {
        _partitions[index] = partition;
        _touched.Add(index);
    }
}
