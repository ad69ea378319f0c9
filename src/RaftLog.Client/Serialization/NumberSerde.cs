using System.Buffers;
using System.Numerics;

namespace RaftLog.Client.Serialization;

/// <summary>Signed integers, big-endian.</summary>
internal sealed class NumberSerde<T>(int size) : ISerde<T>
    where T : struct, IBinaryInteger<T>
{
    public bool Serialize(T value, IBufferWriter<byte> output, in SerializationContext context)
    {
        output.Advance(value.WriteBigEndian(output.GetSpan(size)));
        return true;
    }

    public T Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        number = number[..size];
        FixedBytes.Read(bytes, number, typeof(T).Name);
        return T.ReadBigEndian(number, isUnsigned: false);
    }
}
