namespace RaftLog.Coordination.Groups.Classic;

/// <summary>A JoinGroup or SyncGroup that waits for its response.</summary>
/// <param name="Request">The request.</param>
/// <param name="ApiVersion">Its version.</param>
internal readonly record struct PendingGroupRequest(RequestToken Request, short ApiVersion);
