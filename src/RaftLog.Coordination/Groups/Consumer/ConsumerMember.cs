using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>A member of a consumer group as the log says it; it changes by being replaced.</summary>
internal sealed record ConsumerMember(string Id)
{
    /// <summary>The epoch of a static member that has left and is going to come back.</summary>
    public const int LeftForAWhile = -2;

    public string? InstanceId { get; init; }

    public string? RackId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    /// <summary>The topics it names, in ordinal order.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>The regular expression of the topics it wants; empty for none.</summary>
    public string Regex { get; init; } = "";

    public int RebalanceTimeoutMs { get; init; } = -1;

    public string? ServerAssignor { get; init; }

    /// <summary>What only a member of the classic protocol has.</summary>
    public ConsumerGroupMemberMetadataValue.ClassicMetadata? Classic { get; init; }

    public int Epoch { get; init; }

    public int PreviousEpoch { get; init; }

    public ConsumerMemberState State { get; init; }

    /// <summary>What it owns.</summary>
    public IReadOnlyList<OwnedPartition> Assigned { get; init; } = [];

    /// <summary>What it has to give up.</summary>
    public IReadOnlyList<OwnedPartition> PendingRevocation { get; init; } = [];

    /// <summary>True when both subscribe to the same topics.</summary>
    public bool WantsTheSameAs(ConsumerMember other) => Regex == other.Regex && Topics.SequenceEqual(other.Topics, StringComparer.Ordinal);

    /// <summary>True when all that a member says of itself is the same.</summary>
    public bool SaysTheSameAs(ConsumerMember other) =>
        WantsTheSameAs(other)
        && InstanceId == other.InstanceId
        && RackId == other.RackId
        && ClientId == other.ClientId
        && ClientHost == other.ClientHost
        && RebalanceTimeoutMs == other.RebalanceTimeoutMs
        && ServerAssignor == other.ServerAssignor
        && ReferenceEquals(Classic, other.Classic);

    /// <summary>True when both are at the same place on the way to the target.</summary>
    public bool IsWhereItWas(ConsumerMember other) =>
        Epoch == other.Epoch
        && PreviousEpoch == other.PreviousEpoch
        && State == other.State
        && Assigned.SequenceEqual(other.Assigned)
        && PendingRevocation.SequenceEqual(other.PendingRevocation);
}
