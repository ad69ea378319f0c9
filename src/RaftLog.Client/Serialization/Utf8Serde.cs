using System.Buffers;
using System.Text;

namespace RaftLog.Client.Serialization;

internal sealed class Utf8Serde : ISerde<string>
{
    public bool Serialize(string value, IBufferWriter<byte> output, in SerializationContext context)
    {
        Encoding.UTF8.GetBytes(value, output);
        return true;
    }

    public string Deserialize(in ReadOnlySequence<byte> bytes, in SerializationContext context) => Encoding.UTF8.GetString(bytes);
}
