namespace RaftLog.Storage;

/// <summary>A log cannot be cleaned: what it holds is damaged, and cleaning would hide that.</summary>
/// <param name="reason">What was found, for people.</param>
public sealed class UncleanableException(string reason) : Exception(reason);
