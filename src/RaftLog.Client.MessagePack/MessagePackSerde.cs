using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MessagePack;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.MessagePack;

/// <summary>One type's form.</summary>
internal sealed class MessagePackSerde<T> : ISerde<T>
{
    private readonly MessagePackSerializerOptions _options;

    [RequiresDynamicCode("MessagePack 2.5 emits code for each type at run time")]
    [RequiresUnreferencedCode("MessagePack 2.5 looks at types at run time")]
    public MessagePackSerde(MessagePackSerializerOptions options) => _options = options;

    public bool Serialize(T value, IBufferWriter<byte> output, in SerializationContext context)
    {
        MessagePackSerializer.Serialize(output, value, _options);
        return true;
    }

    public T Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        try
        {
            MessagePackReader reader = new(bytes);
            T value = MessagePackSerializer.Deserialize<T>(ref reader, _options);
            return reader.End
                ? value
                : throw new FormatException($"there are {bytes.Length - reader.Consumed} bytes behind the MessagePack value");
        }
        catch (MessagePackSerializationException e)
        {
            throw new FormatException($"it is not MessagePack of {typeof(T).Name}: {(e.InnerException ?? e).Message}", e);
        }
    }
}
