using System.Buffers;

namespace RaftLog.Client.Serialization;

internal sealed class BytesSerde : ISerde<byte[]>
{
    public bool Serialize(byte[] value, IBufferWriter<byte> output, in SerializationContext context)
    {
        output.Write(value);
        return true;
    }

    public byte[] Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context) => bytes.ToArray();
}
