using System.Buffers;
using System.Buffers.Binary;

namespace RaftLog.Client.Serialization;

internal sealed class FloatSerde : ISerde<float>
{
    public bool Serialize(float value, IBufferWriter<byte> output, in SerializationContext context)
    {
        BinaryPrimitives.WriteSingleBigEndian(output.GetSpan(sizeof(float)), value);
        output.Advance(sizeof(float));
        return true;
    }

    public float Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        Span<byte> number = stackalloc byte[sizeof(float)];
        FixedBytes.Read(bytes, number, nameof(Single));
        return BinaryPrimitives.ReadSingleBigEndian(number);
    }
}
