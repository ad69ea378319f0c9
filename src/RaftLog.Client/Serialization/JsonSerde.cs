using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RaftLog.Client.Serialization;

internal sealed class JsonSerde<T>(JsonTypeInfo<T> type) : ISerde<T>
{
    public bool Serialize(T value, IBufferWriter<byte> output, in SerializationContext context)
    {
        using Utf8JsonWriter writer = new(output);
        JsonSerializer.Serialize(writer, value, type);
        return true;
    }

    /// <summary>The text <c>null</c> is read as null, as JSON has it, though this form writes null as null.</summary>
    public T Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        Utf8JsonReader reader = new(bytes);
        try
        {
            T value = JsonSerializer.Deserialize(ref reader, type)!;
            return !reader.Read() ? value : throw new FormatException("there is more behind the JSON value");
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is not JSON of {typeof(T).Name}: {e.Message}", e);
        }
    }
}
