using System.Buffers;
using MessagePack;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.MessagePack.Tests;

public class MessagePackSerdeTests
{
    private static readonly SerializationContext Context = new("t", RecordPart.Value);

    [Fact]
    public void What_is_written_is_read_as_the_same_value_and_is_MessagePack()
    {
        ISerde<Order> form = MessagePackSerdes.For<Order>();
        byte[] bytes = Write(form, new Order { Item = "x", Count = 3 });

        Assert.Equal("92A17803", Convert.ToHexString(bytes));
        Order read = form.Deserialize(new ReadOnlySequence<byte>(bytes), Context);
        Assert.Equal(("x", 3), (read.Item, read.Count));
        Assert.Null(form.DeserializeNull(Context));
    }

    [Fact]
    public void What_is_no_such_value_is_said_to_be_none()
    {
        ISerde<Order> form = MessagePackSerdes.For<Order>();
        byte[] bytes = Write(form, new Order { Item = "x", Count = 3 });

        Assert.Throws<FormatException>(() => form.Deserialize(new ReadOnlySequence<byte>(bytes[..^1]), Context));
        Assert.Throws<FormatException>(() => form.Deserialize(new ReadOnlySequence<byte>("text"u8.ToArray()), Context));
        FormatException more = Assert.Throws<FormatException>(() =>
            form.Deserialize(new ReadOnlySequence<byte>([.. bytes, 1, 2]), Context)
        );
        Assert.Contains("2 bytes behind", more.Message);
    }

    /// <summary>Ten thousand arrays in each other would take the stack of a reader that trusts its bytes.</summary>
    [Fact]
    public void Bytes_that_nest_without_end_are_no_value()
    {
        byte[] nested = [.. Enumerable.Repeat((byte)0x91, 10_000), 0xc0];

        Assert.Throws<FormatException>(() => MessagePackSerdes.For<object>().Deserialize(new ReadOnlySequence<byte>(nested), Context));
    }

    private static byte[] Write<T>(ISerializer<T> form, T value)
    {
        ArrayBufferWriter<byte> output = new();
        Assert.True(form.Serialize(value, output, Context));
        return output.WrittenSpan.ToArray();
    }
}

/// <summary>A value of the tests; MessagePack's emitted code sees public types only.</summary>
[MessagePackObject]
public sealed class Order
{
    /// <summary>What.</summary>
    [Key(0)]
    public string Item { get; set; } = "";

    /// <summary>How many.</summary>
    [Key(1)]
    public int Count { get; set; }
}
