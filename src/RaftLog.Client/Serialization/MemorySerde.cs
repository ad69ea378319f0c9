using System.Buffers;

namespace RaftLog.Client.Serialization;

internal sealed class MemorySerde : ISerde<ReadOnlyMemory<byte>>
{
    public bool Serialize(ReadOnlyMemory<byte> value, IBufferWriter<byte> output, in SerializationContext context)
    {
        output.Write(value.Span);
        return true;
    }

    public ReadOnlyMemory<byte> Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context) => bytes.ToArray();
}
