namespace RaftLog.Protocol.Wire;

/// <summary>
/// Bytes from outside do not have the form that the protocol gives them, or a version cannot carry the message to write. The sender is
/// wrong, or the bytes are damaged; this program is well. The connection that they came from is to be closed; nothing else is affected.
/// </summary>
/// <param name="message">What was wrong, in which field, and where.</param>
/// <param name="inner">The cause, where a library found the fault.</param>
public class ProtocolException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A message was asked for in a version that it does not have.</summary>
    public static ProtocolException NoSuchVersion(string name, short version, short lowest, short highest) =>
        new($"{name} has no version {version}, only {lowest} to {highest}");

    /// <summary>A field is null that cannot be null in the version to write.</summary>
    public static ProtocolException NullField(string field, short version) => new($"{field}: version {version} cannot carry null");
}
