namespace RaftLog.TestKit;

/// <summary>A node gave no answer.</summary>
/// <param name="reason">Why, for people.</param>
public sealed class WireException(string reason) : Exception(reason);
