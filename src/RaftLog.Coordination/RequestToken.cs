namespace RaftLog.Coordination;

/// <summary>Names one request that waits for its response; unique within one loaded coordinator state.</summary>
/// <param name="Value">A number that the shell draws.</param>
public readonly record struct RequestToken(long Value);
