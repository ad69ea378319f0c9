using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Groups;

/// <summary>
/// What consumers say inside the JoinGroup and SyncGroup messages of a classic group: an int16 version, then the message.
/// </summary>
public static class ConsumerProtocol
{
    /// <summary>The protocol type of groups of consumers.</summary>
    public const string Type = "consumer";

    private const short HighestVersion = 3;

    /// <summary>Reads what a member subscribes to. A newer version than is known is read as the newest that is known.</summary>
    /// <returns>Null when the bytes are not a subscription: members of a classic group may say what they like.</returns>
    public static ConsumerProtocolSubscription? TryReadSubscription(ReadOnlyMemory<byte> bytes) =>
        TryRead<ConsumerProtocolSubscription>(bytes);

    /// <summary>Reads what a member is given.</summary>
    /// <returns>Null when the bytes are not an assignment.</returns>
    public static ConsumerProtocolAssignment? TryReadAssignment(ReadOnlyMemory<byte> bytes) => TryRead<ConsumerProtocolAssignment>(bytes);

    /// <summary>Writes what a member is given, in the version that the member subscribes with.</summary>
    public static byte[] Write(ConsumerProtocolAssignment assignment, short version)
    {
        short known = Math.Clamp(version, (short)0, HighestVersion);
        WireWriter writer = new(initialCapacity: 64);
        writer.WriteInt16(known);
        assignment.Write(writer, known);
        return writer.ToArray();
    }

    /// <summary>The version that a subscription or an assignment begins with; -1 when it is too short to have one.</summary>
    public static short VersionOf(ReadOnlyMemory<byte> bytes) =>
        bytes.Length < sizeof(short) ? (short)-1 : new WireReader(bytes).ReadInt16();

    private static T? TryRead<T>(ReadOnlyMemory<byte> bytes)
        where T : class, IMessage, new()
    {
        short version = VersionOf(bytes);
        if (version < 0)
        {
            return null;
        }

        try
        {
            WireReader reader = new(bytes[sizeof(short)..]);
            T message = new();
            message.Read(ref reader, Math.Min(version, HighestVersion));
            return message;
        }
        catch (ProtocolException)
        {
            return null;
        }
    }
}
