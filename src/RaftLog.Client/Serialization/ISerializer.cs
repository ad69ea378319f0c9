using System.Buffers;

namespace RaftLog.Client.Serialization;

/// <summary>Writes keys or values as bytes. Used by many threads at once.</summary>
public interface ISerializer<in T>
{
    /// <summary>Writes a value. A null reference does not come here: it is written as null.</summary>
    /// <param name="value">The value.</param>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="context">Where they belong.</param>
    /// <returns>False when the value stands for null; nothing may have been written then.</returns>
    bool Serialize(T value, IBufferWriter<byte> output, in SerializationContext context);
}
