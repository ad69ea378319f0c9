using System.Collections.Immutable;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>One topic while records are replayed onto it: changed in place until it is frozen into an image.</summary>
internal sealed class TopicDelta
{
    private readonly ImmutableSortedDictionary<int, PartitionRegistration>.Builder _partitions;

    public TopicDelta(TopicImage topic)
    {
        Name = topic.Name;
        Id = topic.Id;
        _partitions = topic.Partitions.ToBuilder();
    }

    public TopicDelta(TopicRecord record)
        : this(new TopicImage(record.Name, record.TopicId, ImmutableSortedDictionary<int, PartitionRegistration>.Empty))
    {
    }

    public string Name { get; }

    public Uuid Id { get; }

    public bool Removed { get; private set; }

    public void Replay(PartitionRecord record) => _partitions[record.PartitionId] = PartitionRegistration.From(record);

    public void Replay(PartitionChangeRecord record)
    {
        bool known = _partitions.TryGetValue(record.PartitionId, out PartitionRegistration? partition);
        Invariant.Holds(known && partition is not null, "M-05", $"a change of {Name}-{record.PartitionId}, which does not exist");
        _partitions[record.PartitionId] = partition.With(record);
    }

    public void ClearEligibleLeaders()
    {
        foreach ((int index, PartitionRegistration partition) in _partitions.ToImmutable())
        {
            _partitions[index] = partition with { EligibleLeaders = [], LastKnownEligible = [] };
        }
    }

    public void Remove() => Removed = true;

    public TopicImage Freeze() => new(Name, Id, _partitions.ToImmutable());
}
