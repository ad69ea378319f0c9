using System.Buffers.Binary;

namespace RaftLog.Protocol.Records;

/// <summary>The value of a commit or abort marker (KIP-98).</summary>
/// <param name="Version">The version of the value, 0 so far.</param>
/// <param name="CoordinatorEpoch">The leader epoch of the transaction log's partition that decided; a marker with an older one is
/// rejected.</param>
public readonly record struct EndTransactionMarker(short Version, LeaderEpoch CoordinatorEpoch)
{
    /// <summary>The number of bytes of version 0.</summary>
    public const int Size = 6;

    /// <summary>Reads a value; false when it is null or too short.</summary>
    public static bool TryRead(NullableBytes value, out EndTransactionMarker marker)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        if (bytes.Length < Size)
        {
            marker = default;
            return false;
        }

        marker = new(BinaryPrimitives.ReadInt16BigEndian(bytes), new(BinaryPrimitives.ReadInt32BigEndian(bytes[2..])));
        return true;
    }

    /// <summary>Writes the value to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteInt16BigEndian(target, Version);
        BinaryPrimitives.WriteInt32BigEndian(target[2..], CoordinatorEpoch.Value);
    }
}
