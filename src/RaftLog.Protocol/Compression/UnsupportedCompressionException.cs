using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// Records use a codec that does not exist.
/// On the wire this is <see cref="ErrorCode.UnsupportedCompressionType"/>.
/// </summary>
/// <param name="message">Which codec, and what to do.</param>
public sealed class UnsupportedCompressionException(string message) : ProtocolException(message);
