namespace RaftLog.Benchmarks.Coordinators;

/// <summary>A member of a group that does nothing but be one: it sends the protocol's requests and nothing else.</summary>
internal interface IGroupMember : IDisposable
{
    /// <summary>Joins, and sends heartbeats until it is told to leave.</summary>
    Task RunAsync();

    /// <summary>Leaves; returns when the coordinator knows.</summary>
    Task LeaveAsync();
}
