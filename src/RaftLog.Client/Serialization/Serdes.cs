using System.Text.Json.Serialization.Metadata;

namespace RaftLog.Client.Serialization;

/// <summary>
/// The forms that Kafka's Java client has too (numbers big-endian, text as UTF-8, GUIDs as text), so that both read what the other has
/// written, and JSON. None of them needs reflection.
/// </summary>
public static class Serdes
{
    /// <summary>Bytes as they are. What is read is a copy.</summary>
    public static ISerde<byte[]> Bytes { get; } = new BytesSerde();

    /// <summary>Bytes as they are. What is read is a copy.</summary>
    public static ISerde<ReadOnlyMemory<byte>> Memory { get; } = new MemorySerde();

    /// <summary>Text as UTF-8. Bytes that are no UTF-8 are read as U+FFFD, as other clients do.</summary>
    public static ISerde<string> Utf8 { get; } = new Utf8Serde();

    /// <summary>A GUID as its 36 characters, which is the form of a UUID in Java.</summary>
    public static ISerde<Guid> Guid { get; } = new GuidSerde();

    /// <summary>Two bytes, big-endian.</summary>
    public static ISerde<short> Int16 { get; } = new NumberSerde<short>(sizeof(short));

    /// <summary>Four bytes, big-endian.</summary>
    public static ISerde<int> Int32 { get; } = new NumberSerde<int>(sizeof(int));

    /// <summary>Eight bytes, big-endian.</summary>
    public static ISerde<long> Int64 { get; } = new NumberSerde<long>(sizeof(long));

    /// <summary>Four bytes of IEEE 754, big-endian.</summary>
    public static ISerde<float> Single { get; } = new FloatSerde();

    /// <summary>Eight bytes of IEEE 754, big-endian.</summary>
    public static ISerde<double> Double { get; } = new DoubleSerde();

    /// <summary>JSON, through metadata that the compiler has made (a <c>JsonSerializerContext</c>).</summary>
    /// <param name="type">The type's metadata, as in <c>MyContext.Default.Order</c>.</param>
    public static ISerde<T> Json<T>(JsonTypeInfo<T> type) => new JsonSerde<T>(type);

    /// <summary>A form with null beside its values.</summary>
    /// <param name="form">The form of the values.</param>
    public static ISerde<T?> Nullable<T>(ISerde<T> form)
        where T : struct => new NullableSerde<T>(form);

    /// <summary>The form of a type that has one of its own here.</summary>
    /// <exception cref="NotSupportedException">It has none, as each type of a program has none: name its form.</exception>
    public static ISerde<T> For<T>()
    {
        object? found =
            typeof(T) == typeof(byte[]) ? Bytes
            : typeof(T) == typeof(ReadOnlyMemory<byte>) ? Memory
            : typeof(T) == typeof(string) ? Utf8
            : typeof(T) == typeof(Guid) ? Guid
            : typeof(T) == typeof(short) ? Int16
            : typeof(T) == typeof(int) ? Int32
            : typeof(T) == typeof(long) ? Int64
            : typeof(T) == typeof(float) ? Single
            : typeof(T) == typeof(double) ? Double
            : null;
        return (ISerde<T>?)found
            ?? throw new NotSupportedException(
                $"there is no form for {typeof(T)}: name one, for instance Serdes.Json(MyContext.Default.{typeof(T).Name})"
            );
    }
}
