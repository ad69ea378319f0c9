using System.Buffers;

namespace RaftLog.Client.Serialization;

/// <summary>Writes the key and the value of one record behind each other into memory that is used again.</summary>
internal sealed class RecordWriter<TKey, TValue>(ISerializer<TKey> keys, ISerializer<TValue> values)
{
    /// <summary>A buffer that one large record has made larger is not kept.</summary>
    private const int MaxKept = 1 << 20;

    private readonly ArrayBufferWriter<byte> _bytes = new(256);

    /// <summary>True when the memory is worth keeping.</summary>
    public bool IsReusable => _bytes.Capacity <= MaxKept;

    /// <summary>Key and value as bytes, valid until the next record is written.</summary>
    /// <exception cref="RecordSerializationException">A serializer failed.</exception>
    public (ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value) Write(string topic, TKey key, TValue value)
    {
        _bytes.ResetWrittenCount();
        bool hasKey = TryWrite(keys, key, new SerializationContext(topic, RecordPart.Key));
        int length = _bytes.WrittenCount;
        bool hasValue = TryWrite(values, value, new SerializationContext(topic, RecordPart.Value));
        return (
            hasKey ? _bytes.WrittenMemory[..length] : new ReadOnlyMemory<byte>?(),
            hasValue ? _bytes.WrittenMemory[length..] : new ReadOnlyMemory<byte>?()
        );
    }

    private bool TryWrite<T>(ISerializer<T> serializer, T value, in SerializationContext context)
    {
        if (value is null)
        {
            return false;
        }

        int before = _bytes.WrittenCount;
        bool isPresent;
        try
        {
            isPresent = serializer.Serialize(value, _bytes, context);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new RecordSerializationException(
                context,
                $"the {Name(context.Part)} of a record for topic '{context.Topic}' cannot be written by {serializer.GetType().Name}: "
                    + $"{e.Message}",
                e
            );
        }

        return isPresent
            || (
                _bytes.WrittenCount > before
                    ? throw new RecordSerializationException(
                        context,
                        $"{serializer.GetType().Name} has written a {Name(context.Part)} for topic '{context.Topic}' and says that it "
                            + $"is null",
                        new InvalidOperationException("a serializer returns false when it has written nothing")
                    )
                    : false
            );
    }

    private static string Name(RecordPart part) => part == RecordPart.Key ? "key" : "value";
}
