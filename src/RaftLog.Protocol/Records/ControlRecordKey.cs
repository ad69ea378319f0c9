using System.Buffers.Binary;

namespace RaftLog.Protocol.Records;

/// <summary>The key of a control record: two 16-bit numbers, the version of the key and the kind of record.</summary>
/// <param name="Version">The version of the key, 0 so far.</param>
/// <param name="Type">The kind; may be one that this program does not know.</param>
public readonly record struct ControlRecordKey(short Version, ControlRecordType Type)
{
    /// <summary>The number of bytes of a key.</summary>
    public const int Size = 4;

    /// <summary>Reads a key; false when it is null or too short. Longer keys of later versions are read by their first bytes.</summary>
    public static bool TryRead(NullableBytes key, out ControlRecordKey read)
    {
        ReadOnlySpan<byte> bytes = key.Span;
        if (bytes.Length < Size)
        {
            read = default;
            return false;
        }

        read = new(BinaryPrimitives.ReadInt16BigEndian(bytes), (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(bytes[2..]));
        return true;
    }

    /// <summary>Writes the key to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteInt16BigEndian(target, Version);
        BinaryPrimitives.WriteInt16BigEndian(target[2..], (short)Type);
    }
}
