namespace RaftLog.Simulation;

/// <summary>A continuation that can run now.</summary>
internal readonly record struct ReadyItem(Incarnation Owner, SendOrPostCallback Callback, object? State);
