using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace RaftLog.Client.Serialization;

internal sealed class GuidSerde : ISerde<Guid>
{
    private const int Length = 36;

    public bool Serialize(Guid value, IBufferWriter<byte> output, in SerializationContext context)
    {
        value.TryFormat(output.GetSpan(Length), out int written);
        output.Advance(written);
        return true;
    }

    public Guid Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context)
    {
        Span<byte> text = stackalloc byte[Length];
        FixedBytes.Read(bytes, text, "a GUID as text");
        return Utf8Parser.TryParse(text, out Guid value, out int read) && read == Length
            ? value
            : throw new FormatException($"'{Encoding.UTF8.GetString(text)}' is no GUID");
    }
}
