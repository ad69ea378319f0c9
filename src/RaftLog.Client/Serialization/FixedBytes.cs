using System.Buffers;

namespace RaftLog.Client.Serialization;

/// <summary>Reads what has one length only.</summary>
internal static class FixedBytes
{
    /// <summary>Copies the bytes to <paramref name="target"/>.</summary>
    /// <exception cref="FormatException">There are more of them, or fewer.</exception>
    public static void Read(in ReadOnlySequence<byte> bytes, Span<byte> target, string type)
    {
        if (bytes.Length != target.Length)
        {
            throw new FormatException($"it has {bytes.Length} bytes, and {type} has {target.Length}");
        }

        bytes.CopyTo(target);
    }
}
