using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// Records use a codec that this node cannot run: one that does not exist, or one whose native library is absent.
/// On the wire this is <see cref="ErrorCode.UnsupportedCompressionType"/>.
/// </summary>
/// <param name="message">Which codec, and what to do.</param>
public sealed class UnsupportedCompressionException(string message) : ProtocolException(message);
