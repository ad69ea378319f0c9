using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One send to a compacted partition.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">What it says; null for a tombstone.</param>
/// <param name="Outcome">What became of it, as far as the client knows.</param>
/// <param name="Offset">Where it stands, when acknowledged.</param>
/// <param name="InvokedUs">When the call began, in microseconds of the run.</param>
/// <param name="CompletedUs">When its response was there; null without one.</param>
public sealed record KeyedSend(int Key, RecordValue? Value, SendOutcome Outcome, Offset Offset, long InvokedUs, long? CompletedUs);
