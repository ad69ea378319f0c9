using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A member of a group that speaks the protocol itself.</summary>
internal interface IGroupMembership
{
    /// <summary>The group.</summary>
    string Group { get; }

    /// <summary>What the coordinator calls it; empty outside of the group.</summary>
    string MemberId { get; }

    /// <summary>The generation or member epoch.</summary>
    int Generation { get; }

    /// <summary>True when commits of an earlier generation are fenced by number alone.</summary>
    bool IsFencedByGeneration { get; }

    /// <summary>What it may read now.</summary>
    IReadOnlyCollection<TopicPartition> Owned { get; }

    /// <summary>Joins, or shows that it is there; takes and gives partitions as it is told.</summary>
    Task BeatAsync();

    /// <summary>Leaves the group.</summary>
    Task LeaveAsync();

    /// <summary>It was told that it is not a member, or not of this generation: it joins with the next beat.</summary>
    void Lose();
}
