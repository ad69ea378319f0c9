using System.Buffers;

namespace RaftLog.Client.Serialization;

internal sealed class NullableSerde<T>(ISerde<T> form) : ISerde<T?>
    where T : struct
{
    public bool Serialize(T? value, IBufferWriter<byte> output, in SerializationContext context) =>
        value is { } present && form.Serialize(present, output, context);

    public T? Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context) => form.Deserialize(bytes, context);
}
