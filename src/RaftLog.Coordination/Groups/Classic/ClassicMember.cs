using RaftLog.Coordination.Deadlines;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>A member of a classic group.</summary>
internal sealed class ClassicMember(string groupId, string id, string? instanceId)
{
    public string Id => id;

    /// <summary>The name of a static member, or null.</summary>
    public string? InstanceId => instanceId;

    public string ClientId { get; set; } = "";

    public string ClientHost { get; set; } = "";

    public int RebalanceTimeoutMs { get; set; }

    public int SessionTimeoutMs { get; set; }

    /// <summary>The ways to share work that it knows, best first.</summary>
    public IReadOnlyList<ClassicProtocol> Protocols { get; set; } = [];

    /// <summary>Its work in the current generation.</summary>
    public ReadOnlyMemory<byte> Assignment { get; set; }

    /// <summary>Its JoinGroup that waits for the others.</summary>
    public PendingGroupRequest? Join { get; set; }

    /// <summary>Its SyncGroup that waits for the leader.</summary>
    public PendingGroupRequest? Sync { get; set; }

    /// <summary>True until it has heard of its first generation: it does not know its id yet and cannot send heartbeats.</summary>
    public bool IsNew { get; set; }

    /// <summary>When its session ends.</summary>
    public Deadline Session { get; } = new(DeadlineKind.ClassicSession, groupId, id);

    /// <summary>What it tells the leader for a protocol.</summary>
    public ReadOnlyMemory<byte> MetadataFor(string? protocol)
    {
        foreach (ClassicProtocol each in Protocols)
        {
            if (each.Name == protocol)
            {
                return each.Metadata;
            }
        }

        return default;
    }

    public bool Knows(string protocol)
    {
        foreach (ClassicProtocol each in Protocols)
        {
            if (each.Name == protocol)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when a JoinGroup says the same protocols with the same metadata in the same order.</summary>
    public bool Says(List<JoinGroupRequest.JoinGroupProtocol> protocols)
    {
        if (protocols.Count != Protocols.Count)
        {
            return false;
        }

        for (int i = 0; i < protocols.Count; i++)
        {
            if (protocols[i].Name != Protocols[i].Name || !protocols[i].Metadata.Span.SequenceEqual(Protocols[i].Metadata.Span))
            {
                return false;
            }
        }

        return true;
    }
}
