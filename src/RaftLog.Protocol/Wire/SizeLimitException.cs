namespace RaftLog.Protocol.Wire;

/// <summary>Data is larger than whoever asked for it allows.</summary>
/// <param name="limit">The bytes that are allowed.</param>
public sealed class SizeLimitException(long limit) : ProtocolException($"the data needs more than the {limit} bytes that are allowed here");
