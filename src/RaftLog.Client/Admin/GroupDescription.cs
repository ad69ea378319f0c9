using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A group as its coordinator lists it.</summary>
/// <param name="Id">The group.</param>
/// <param name="Type">How its members come together: <c>classic</c>, <c>consumer</c>; empty where the cluster does not say.</param>
/// <param name="State">Its state, such as <c>Stable</c> or <c>Empty</c>; empty where the cluster does not say.</param>
/// <param name="ProtocolType">What its members do together; <c>consumer</c> for consumers.</param>
/// <param name="Coordinator">The broker that coordinates it.</param>
public sealed record GroupListing(string Id, string Type, string State, string ProtocolType, NodeId Coordinator);

/// <summary>A group and its members.</summary>
/// <param name="Id">The group.</param>
/// <param name="Type">How its members come together: <c>classic</c> or <c>consumer</c>.</param>
/// <param name="State">Its state.</param>
/// <param name="Assignor">The protocol or assignor that shares out the partitions; empty without members.</param>
/// <param name="Members">The members.</param>
public sealed record GroupDescription(string Id, string Type, string State, string Assignor, IReadOnlyList<GroupMemberDescription> Members);

/// <summary>A member of a group.</summary>
/// <param name="Id">The member's id.</param>
/// <param name="InstanceId">The name of a static member, or null.</param>
/// <param name="ClientId">Its client id.</param>
/// <param name="Host">The address that it comes from.</param>
/// <param name="Partitions">The partitions that it has, in order.</param>
public sealed record GroupMemberDescription(
    string Id,
    string? InstanceId,
    string ClientId,
    string Host,
    IReadOnlyList<TopicPartition> Partitions
);

/// <summary>A committed position of a group.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="Epoch">The leader epoch of the last record that was read, or none.</param>
/// <param name="Metadata">What the client has kept with it.</param>
public readonly record struct GroupOffset(Offset Offset, LeaderEpoch Epoch, string Metadata);
