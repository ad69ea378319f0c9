namespace RaftLog.Interop.Tests.Wire;

/// <summary>A node gave no answer.</summary>
/// <param name="reason">Why, for people.</param>
internal sealed class WireException(string reason) : Exception(reason);
