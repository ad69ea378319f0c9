using System.Buffers;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.Consume;

/// <summary>Reads keys and values of records.</summary>
/// <param name="keys">Reads keys.</param>
/// <param name="values">Reads values.</param>
public sealed class TypedRecordReader<TKey, TValue>(IDeserializer<TKey> keys, IDeserializer<TValue> values)
{
    /// <summary>Reads key and value of a record.</summary>
    /// <exception cref="RecordSerializationException">One of them cannot be read.</exception>
    public ConsumedRecord<TKey, TValue> Read(ConsumedRecord record) =>
        new(record, Read(keys, record.Key, record, RecordPart.Key), Read(values, record.Value, record, RecordPart.Value));

    private static T Read<T>(IDeserializer<T> form, byte[]? bytes, ConsumedRecord record, RecordPart part)
    {
        SerializationContext context = new(record.Partition.Topic, part);
        try
        {
            return bytes is null ? form.DeserializeNull(context) : form.Deserialize(new ReadOnlySequence<byte>(bytes), context);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            string name = part == RecordPart.Key ? "key" : "value";
            throw new RecordSerializationException(
                context,
                $"the {name} of {record.Partition} at offset {record.Offset} cannot be read as {typeof(T).Name}: {e.Message}",
                e
            );
        }
    }
}
