namespace RaftLog.TestKit;

/// <summary>A node gave no response.</summary>
/// <param name="reason">Why, for people.</param>
public sealed class WireException(string reason) : Exception(reason);
