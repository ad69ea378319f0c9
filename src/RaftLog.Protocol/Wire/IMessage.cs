namespace RaftLog.Protocol.Wire;

/// <summary>Fields that can be read from, and written to, the bytes of each version of one message.</summary>
public interface IMessage
{
    /// <summary>
    /// Fills a new instance. Fields that <paramref name="version"/> does not carry keep their defaults. <c>bytes</c> and <c>records</c>
    /// become slices of the reader's frame, so the frame must live as long as the message.
    /// </summary>
    /// <exception cref="ProtocolException">The bytes are not this message in this version, or there is no such version.</exception>
    void Read(ref WireReader reader, short version);

    /// <summary>Appends the fields that <paramref name="version"/> carries; others are left out.</summary>
    /// <exception cref="ProtocolException">
    /// There is no such version, or a value cannot stand in it: null where the version knows no null, or a string above 32767 bytes.
    /// </exception>
    void Write(WireWriter writer, short version);
}
