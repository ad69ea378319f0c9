namespace RaftLog.Client.Consume;

/// <summary>Whether a consumer makes progress.</summary>
/// <param name="IsHealthy">True when nothing keeps it from reading.</param>
/// <param name="Reason">What does; empty where nothing does.</param>
public readonly record struct ConsumerHealth(bool IsHealthy, string Reason);
