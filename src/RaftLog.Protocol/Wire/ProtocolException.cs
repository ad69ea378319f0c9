namespace RaftLog.Protocol.Wire;

/// <summary>Bytes from outside do not have the form that the protocol gives them. The sender is wrong, or the bytes are damaged; this program is well.</summary>
/// <param name="message">What was wrong, and where.</param>
/// <param name="inner">The cause, where a library found the fault.</param>
public class ProtocolException(string message, Exception? inner = null) : Exception(message, inner);
