using System.Buffers;

namespace RaftLog.Client.Serialization;

/// <summary>Reads keys or values from bytes. Used by many threads at once.</summary>
public interface IDeserializer<out T>
{
    /// <summary>Reads a value. Null does not come here.</summary>
    /// <param name="bytes">All of its bytes, which are valid during the call only.</param>
    /// <param name="context">Where they stood.</param>
    /// <exception cref="FormatException">The bytes are no such value.</exception>
    T Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context);

    /// <summary>What null is read as: null where the type has it.</summary>
    /// <exception cref="FormatException">The type has no null.</exception>
    T DeserializeNull(in SerializationContext context) =>
        default(T) is null
            ? default!
            : throw new FormatException($"it is null, and {typeof(T).Name} has no null; read it with Serdes.Nullable");
}
