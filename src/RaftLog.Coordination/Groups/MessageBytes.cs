using System.Runtime.InteropServices;

namespace RaftLog.Coordination.Groups;

/// <summary>Bytes as messages carry them.</summary>
internal static class MessageBytes
{
    /// <summary>The same bytes, without a copy: nothing is ever written through a message that is to be sent.</summary>
    public static Memory<byte> Of(ReadOnlyMemory<byte> bytes) => MemoryMarshal.AsMemory(bytes);
}
