using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace RaftLog.Protocol;

/// <summary>
/// A 128-bit id of a topic, directory, cluster or incarnation. Its text is Kafka's: 22 characters of base64url without padding.
/// </summary>
/// <param name="High">The first eight bytes, as a big-endian number.</param>
/// <param name="Low">The last eight bytes, as a big-endian number.</param>
public readonly record struct Uuid(ulong High, ulong Low) : IComparable<Uuid>
{
    /// <summary>The number of bytes on the wire.</summary>
    public const int Size = 16;

    private const int TextLength = 22;

    /// <summary>All bits zero: no id.</summary>
    public static readonly Uuid Zero;

    /// <summary>The id of <c>__cluster_metadata</c>, fixed by KIP-595.</summary>
    public static readonly Uuid ClusterMetadata = new(0, 1);

    /// <summary>Reads the 16 bytes at the start of <paramref name="source"/>.</summary>
    public static Uuid Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Reads the 22-character form; false when <paramref name="text"/> is not of that form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Uuid id)
    {
        id = Zero;
        Span<byte> bytes = stackalloc byte[Size];
        if (
            text is null
            || text.Length != TextLength
            || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, bytes, out int written)
            || written != Size
        )
        {
            return false;
        }

        id = Read(bytes);
        return true;
    }

    /// <summary>Writes the 16 bytes to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, High);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Low);
    }

    /// <inheritdoc />
    public int CompareTo(Uuid other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>The 22-character base64url form.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
