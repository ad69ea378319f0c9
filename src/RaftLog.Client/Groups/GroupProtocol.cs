namespace RaftLog.Client.Groups;

/// <summary>How the members of a group agree on who reads what (group.protocol).</summary>
public enum GroupProtocol
{
    /// <summary>The members share out among themselves, all at once (JoinGroup, SyncGroup). Every Kafka serves it.</summary>
    Classic,

    /// <summary>
    /// The coordinator shares out, and moves one partition without disturbing the others (KIP-848). Kafka from 4.0 on, and RaftLog.
    /// </summary>
    Consumer,
}
