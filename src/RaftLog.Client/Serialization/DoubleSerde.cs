using System.Buffers;
using System.Buffers.Binary;

namespace RaftLog.Client.Serialization;

internal sealed class DoubleSerde : ISerde<double>
{
    public bool Serialize(double value, IBufferWriter<byte> output, in SerializationContext context)
    {
        BinaryPrimitives.WriteDoubleBigEndian(output.GetSpan(sizeof(double)), value);
        output.Advance(sizeof(double));
        return true;
    }

    public double Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        Span<byte> number = stackalloc byte[sizeof(double)];
        FixedBytes.Read(bytes, number, nameof(Double));
        return BinaryPrimitives.ReadDoubleBigEndian(number);
    }
}
